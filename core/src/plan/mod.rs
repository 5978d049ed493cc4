//! Names → types → a DataFusion logical plan; and which row groups a query can skip.
//!
//! `scope.rs` says what a name means, `select.rs` binds queries, `relation.rs` what stands in
//! FROM, `array_join.rs` what makes several rows of one, `expression.rs` expressions, `prune.rs` what need not be read. Every column of a plan has
//! a name of its own (`c7`); the names that the SQL uses stay here.

mod array_join;
mod expression;
mod fill;
mod final_rows;
mod first_of_key;
mod grouping;
mod join;
mod join_get;
mod keys;
mod lambda;
mod membership;
pub(crate) mod node;
mod prune;
mod relation;
mod scope;
mod select;
mod set_operation;
mod settings;
mod star;
mod subcolumn;
mod subquery;
mod table_function;
mod tail;
mod trouble;
mod untuple;
mod window;
mod written;

pub(crate) use array_join::ArrayJoin;
pub use datafusion::logical_expr::{Expr, TableSource};
pub(crate) use final_rows::FinalRows;
pub(crate) use first_of_key::FirstOfKey;
pub(crate) use join::{AsofJoin, Nearest};
pub use keys::{Expressions, constant};
pub(crate) use membership::{GatherSet, set_type};
pub(crate) use prune::{Part, parts};
pub use table_function::{Made, Random};
pub use trouble::Trouble;
pub(crate) use trouble::failure;

use crate::batch::Schema;
use crate::catalog::{Catalog, DataSource, Pipe};
use crate::error::Error;
use crate::function::Context;
use crate::sql::{self, Lines};
use crate::template::{Params, Rendered, Secrets};
use arrow::datatypes::Schema as ArrowSchema;
use datafusion::common::Column;
use datafusion::logical_expr::LogicalPlan;
use datafusion::logical_expr::logical_plan::builder::LogicalTableSource;
use scope::{Binding, Ctes};
use settings::Settings;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// What a query may read, as decided by `access` and enforced by the binder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visible {
    /// Every data source and pipe.
    pub everything: bool,
    /// Data sources that may be named in the caller's own SQL.
    pub data_sources: BTreeSet<String>,
    /// Pipes that may be called or named in the caller's own SQL. What their nodes read is the
    /// pipe's business, but `filters` hold there too.
    pub pipes: BTreeSet<String>,
    /// Data source or pipe → SQL conditions, all of which hold for every row that is read of it,
    /// wherever it is read: below joins, subqueries, and inside pipes.
    pub filters: BTreeMap<String, Vec<String>>,
}

impl Visible {
    pub fn everything() -> Visible {
        Visible { everything: true, ..Visible::default() }
    }
}

/// Where tables come from: `exec` gives scans, a check gives bare schemas.
pub trait Tables {
    /// `row_filter` is over the data source's columns by name; no row that fails it may be seen
    /// by anything else of the query.
    fn table(&self, data_source: &Arc<DataSource>, row_filter: Vec<Expr>) -> Arc<dyn TableSource>;

    /// What a table function or a system table makes.
    fn made(&self, made: &Made) -> Arc<dyn TableSource> {
        Arc::new(LogicalTableSource::new(made.schema().to_arrow()))
    }

    /// What a node gives, if that is known without binding it: a check of many nodes binds each once.
    fn node(&self, _pipe: &Pipe, _node: usize) -> Option<&Schema> {
        None
    }
}

/// Tables that cannot be read: enough to check names and types.
pub struct Schemas;

impl Tables for Schemas {
    fn table(&self, data_source: &Arc<DataSource>, _row_filter: Vec<Expr>) -> Arc<dyn TableSource> {
        let fields = data_source.columns.iter().map(|column| column.data_type.to_field(&column.name));
        Arc::new(LogicalTableSource::new(Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>()))))
    }
}

/// All that binding depends on.
pub struct Environment<'a> {
    pub catalog: &'a Catalog,
    pub visible: &'a Visible,
    pub params: &'a Params,
    pub context: Context,
    /// Those that hold where a query says nothing else.
    pub settings: &'a [(String, String)],
    pub tables: &'a dyn Tables,
}

/// What to bind.
#[derive(Clone, Copy)]
pub enum Text<'a> {
    /// The caller's SQL; in it `_` is `pipeline`.
    Sql { rendered: &'a Rendered, pipeline: Option<&'a Arc<Pipe>> },
    /// A pipe's endpoint.
    Endpoint(&'a Arc<Pipe>),
    /// One node, as a deployment checks it.
    Node(&'a Arc<Pipe>, usize),
    /// One node, as rows of the data source that it writes to.
    Written(&'a Arc<Pipe>, usize, &'a DataSource),
}

/// A bound query.
#[derive(Debug)]
pub struct Bound {
    pub plan: LogicalPlan,
    /// Names and types of the result's columns, in the plan's order.
    pub schema: Schema,
    /// Every data source it reads, once.
    pub data_sources: Vec<Arc<DataSource>>,
    pub format: Option<String>,
    /// What follows `SETTINGS`.
    pub settings: Vec<(String, String)>,
    pub has_limit: bool,
}

/// Binds a query; the first problem ends it.
pub fn bind(environment: &Environment<'_>, text: Text<'_>) -> Result<Bound, Trouble> {
    let mut binder = Binder {
        environment,
        next_column: 0,
        next_table: 0,
        shadow_depth: usize::MAX,
        parts: 0,
        expanded: Vec::new(),
        data_sources: Vec::new(),
        frames: Vec::new(),
        parameters: Vec::new(),
        checking: matches!(text, Text::Node(..)),
        array_joins: None,
        settings: Settings::default(),
        subqueries: Vec::new(),
    };
    for (name, value) in environment.settings {
        binder.settings.set(name, value);
    }
    let mut settings = Vec::new();
    let (output, format, has_limit) = match text {
        Text::Sql { rendered, pipeline } => binder.caller_sql(rendered, pipeline, &mut settings)?,
        Text::Endpoint(pipe) => (binder.pipe(pipe)?, None, false),
        Text::Node(pipe, node) => (binder.node(pipe, node)?, None, false),
        Text::Written(pipe, node, target) => {
            let output = binder.node(pipe, node)?;
            (binder.written(output, target)?, None, false)
        }
    };
    let has_limit = has_limit || matches!(text, Text::Endpoint(_)) && ends_in_limit(&output.plan);
    let schema = Schema(output.columns.iter().map(|column| (column.name.clone(), column.data_type.clone())).collect());
    let plan = binder.only_columns(output)?;
    Ok(Bound { plan, schema, data_sources: binder.data_sources, format, settings, has_limit })
}

fn ends_in_limit(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Limit(_) => true,
        LogicalPlan::Projection(projection) => ends_in_limit(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => ends_in_limit(&alias.input),
        _ => false,
    }
}

/// What a query, node or pipe gives to whoever reads it.
#[derive(Clone)]
pub(crate) struct Output {
    plan: LogicalPlan,
    columns: Vec<Binding>,
}

/// The text being bound.
struct Frame {
    lines: Lines,
    /// The pipe whose node it is; its other nodes are in sight.
    pipe: Option<(Arc<Pipe>, usize)>,
    /// What `_` means.
    pipeline: Option<Arc<Pipe>>,
    /// What `{name: String}` means.
    secrets: Secrets,
}

struct Binder<'a> {
    environment: &'a Environment<'a>,
    next_column: usize,
    next_table: usize,
    /// How far out the alias was whose name last stood for a column, because it is being bound itself.
    shadow_depth: usize,
    /// Parts of expressions so far, aliases expanded.
    parts: usize,
    /// The aliases that were expanded for what is being bound.
    expanded: Vec<String>,
    data_sources: Vec<Arc<DataSource>>,
    frames: Vec<Frame>,
    /// The parameters of the lambdas around the expression that is being bound, innermost last.
    parameters: Vec<(String, crate::function::Typed)>,
    /// Templates take placeholder values.
    checking: bool,
    /// Of the SELECT that is being bound.
    array_joins: Option<array_join::ArrayJoins>,
    settings: Settings,
    subqueries: Vec<membership::Known>,
}

impl Binder<'_> {
    fn fresh_column(&mut self) -> Column {
        self.next_column += 1;
        Column::new_unqualified(format!("c{}", self.next_column))
    }

    fn frame(&self) -> &Frame {
        self.frames.last().expect("a text is being bound")
    }

    fn span(&self, span: sqlparser::tokenizer::Span) -> Range<usize> {
        self.frame().lines.range(span)
    }

    fn caller_sql(
        &mut self,
        rendered: &Rendered,
        pipeline: Option<&Arc<Pipe>>,
        settings: &mut Vec<(String, String)>,
    ) -> Result<(Output, Option<String>, bool), Trouble> {
        let parsed = sql::parse(&rendered.sql).map_err(Trouble::Here)?;
        settings.extend(parsed.settings);
        let has_limit = parsed.query.limit_clause.is_some();
        let secrets = rendered.secrets.clone();
        self.frames.push(Frame { lines: parsed.lines, pipe: None, pipeline: pipeline.cloned(), secrets });
        let output = self.query(&parsed.query, &Ctes::default())?;
        self.frames.pop();
        Ok((output, parsed.format, has_limit))
    }

    /// What a pipe gives: its endpoint node, or its last one.
    fn pipe(&mut self, pipe: &Arc<Pipe>) -> Result<Output, Trouble> {
        let node = pipe.endpoint.unwrap_or(pipe.nodes.len().saturating_sub(1));
        let output = self.node(pipe, node)?;
        self.filtered_pipe(pipe, output)
    }

    fn node(&mut self, pipe: &Arc<Pipe>, index: usize) -> Result<Output, Trouble> {
        if let Some(schema) = self.environment.tables.node(pipe, index) {
            return self.stand_in(schema);
        }
        let node = &pipe.nodes[index];
        let template = &node.template;
        let rendered = match self.checking {
            true => template.render_for_check(),
            false => template.render(self.environment.params),
        };
        let rendered =
            rendered.map_err(Error::from).map_err(|error| error.context(format!("{}.{}", pipe.name, node.name)))?;
        self.text(&rendered, (pipe.clone(), index)).map_err(|trouble| trouble.placed(&rendered, &pipe.file, &pipe.text))
    }

    /// A table of these columns, which cannot be read.
    fn stand_in(&mut self, schema: &Schema) -> Result<Output, Trouble> {
        // a node may give two columns of one name
        let fields =
            schema.0.iter().enumerate().map(|(index, (_, data_type))| data_type.to_field(&format!("f{index}")));
        let source = Arc::new(LogicalTableSource::new(Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>()))));
        self.scan_of(source, schema)
    }

    fn text(&mut self, rendered: &Rendered, pipe: (Arc<Pipe>, usize)) -> Result<Output, Trouble> {
        let parsed = sql::parse(&rendered.sql).map_err(Trouble::Here)?;
        let secrets = rendered.secrets.clone();
        self.frames.push(Frame { lines: parsed.lines, pipe: Some(pipe), pipeline: None, secrets });
        let output = self.query(&parsed.query, &Ctes::default());
        self.frames.pop();
        output
    }
}
