//! A large project, made by rule: what a check of it takes, and how much a request would have to load.

use sanderling_core::compile::ProjectFile;
use std::fmt::Write;

/// Data sources of twenty columns, and pipes of three nodes with parameters; every fourth pipe reads another one.
pub(crate) fn project(pipes: usize) -> Vec<ProjectFile> {
    let mut files = Vec::new();
    for number in 0..pipes.div_ceil(10) {
        files.push(ProjectFile { path: format!("datasources/events_{number}.datasource"), text: data_source() });
    }
    for number in 0..pipes {
        files.push(ProjectFile { path: format!("endpoints/top_{number}.pipe"), text: pipe(number) });
    }
    files
}

fn data_source() -> String {
    let mut text = "DESCRIPTION >\n    Events of an application\n\nTOKEN \"app\" APPEND\n\nSCHEMA >\n".to_owned();
    for (name, data_type) in
        [("timestamp", "DateTime"), ("tenant_id", "LowCardinality(String)"), ("session_id", "String")]
    {
        let _ = writeln!(text, "    `{name}` {data_type} `json:$.{name}`,");
    }
    for number in 0..16 {
        let data_type = ["String", "UInt32", "Nullable(Float64)", "Array(String)"][number % 4];
        let path = if number % 4 == 3 { "[:]" } else { "" };
        let _ = writeln!(text, "    `field_{number}` {data_type} `json:$.payload.field_{number}{path}`,");
    }
    text + "    `received_at` DateTime DEFAULT now()\n\nENGINE \"MergeTree\"\nENGINE_PARTITION_KEY \"toYYYYMM(timestamp)\"\n\
            ENGINE_SORTING_KEY \"tenant_id, timestamp\"\nENGINE_TTL \"timestamp + toIntervalDay(90)\"\n"
}

fn pipe(number: usize) -> String {
    let source = match number % 4 {
        3 => format!("(SELECT tenant_id, key AS field_0, hits AS field_1, day AS timestamp FROM top_{})", number - 1),
        _ => format!("events_{}", number / 10),
    };
    format!(
        "DESCRIPTION >\n    The most frequent values of a field, by day\n\nTOKEN \"app\" READ\n\n\
         NODE filtered_{number}\nDESCRIPTION >\n    Rows of one tenant in a span of time\nSQL >\n    %\n    \
         SELECT tenant_id, field_0, field_1, toDate(timestamp) AS day\n    FROM {source}\n    \
         WHERE timestamp >= {{{{ DateTime(date_from, '2024-01-01 00:00:00', description='First moment', required=False) }}}}\n    \
         {{% if defined(tenant) %}}\n    AND tenant_id = {{{{ String(tenant, description='Tenant') }}}}\n    {{% end %}}\n    \
         AND field_1 > {{{{ Int32(at_least, 0) }}}}\n\n\
         NODE counted_{number}\nSQL >\n    %\n    SELECT tenant_id, day, field_0 AS key, count() AS hits, sum(field_1) AS total\n    \
         FROM filtered_{number}\n    GROUP BY tenant_id, day, key\n\n\
         NODE ranked_{number}\nSQL >\n    %\n    SELECT tenant_id, day, key, hits, round(total / hits, 2) AS mean\n    FROM counted_{number}\n    \
         ORDER BY hits DESC\n    LIMIT {{{{ Int32(page_size, 100) }}}} OFFSET {{{{ Int32(page, 0) * Int32(page_size, 100) }}}}\n\nTYPE endpoint\n"
    )
}
