//! Who visits what from where: the lists that events are drawn from.

use super::random::{Random, Shares};

pub(super) struct Tenant {
    pub(super) id: &'static str,
    pub(super) locale: &'static str,
    /// Position of the country that most of its visitors come from.
    home: usize,
}

pub(super) struct Client {
    pub(super) user_agent: &'static str,
    pub(super) device: &'static str,
    pub(super) browser: &'static str,
    /// How many times as long as on a desktop pages take.
    pub(super) slowness: f64,
    share: f64,
}

pub(super) struct Country {
    pub(super) code: &'static str,
    /// How many times as long as near the servers pages take.
    pub(super) distance: f64,
}

pub(super) struct World {
    pub(super) tenants: &'static [Tenant],
    pub(super) tenant_shares: Shares,
    pub(super) clients: &'static [Client],
    pub(super) client_shares: Shares,
    pub(super) countries: &'static [Country],
    country_shares: Shares,
    pub(super) referrers: &'static [&'static str],
    pub(super) referrer_shares: Shares,
    pub(super) pages: &'static [&'static str],
    page_shares: Shares,
    landing_shares: Shares,
}

impl World {
    pub(super) fn new() -> World {
        World {
            tenants: TENANTS,
            tenant_shares: Shares::zipf(TENANTS.len(), 1.1),
            clients: CLIENTS,
            client_shares: Shares::new(CLIENTS.iter().map(|client| client.share)),
            countries: COUNTRIES,
            country_shares: Shares::zipf(COUNTRIES.len(), 0.9),
            referrers: REFERRERS,
            referrer_shares: Shares::zipf(REFERRERS.len(), 1.0),
            pages: PAGES,
            page_shares: Shares::zipf(PAGES.len(), 0.8),
            landing_shares: Shares::zipf(PAGES.len(), 1.3),
        }
    }

    /// Half of a tenant's visitors come from its own country.
    pub(super) fn country(&self, tenant: usize, random: &mut Random) -> usize {
        match random.chance(0.5) {
            true => self.tenants[tenant].home,
            false => self.country_shares.pick(random),
        }
    }

    pub(super) fn landing(&self, random: &mut Random) -> usize {
        self.landing_shares.pick(random)
    }

    /// From the first pages many go to the prices; readers mostly go on to the page beside.
    pub(super) fn next_page(&self, page: usize, random: &mut Random) -> usize {
        if page < 3 && random.chance(0.25) {
            return PRICING;
        }
        match random.chance(0.35) {
            true => (page + 1) % self.pages.len(),
            false => self.page_shares.pick(random),
        }
    }
}

/// Position of `/pricing` in [`PAGES`].
pub(super) const PRICING: usize = 1;

const PAGES: &[&str] = &[
    "/",
    "/pricing",
    "/docs",
    "/blog",
    "/docs/quickstart",
    "/blog/rows-or-columns",
    "/features",
    "/docs/ingest",
    "/customers",
    "/blog/a-log-of-everything",
    "/docs/endpoints",
    "/login",
    "/docs/tokens",
    "/blog/percentiles-lie",
    "/about",
    "/docs/sql",
    "/changelog",
    "/features/edge",
    "/docs/self-hosting",
    "/blog/counting-visitors",
    "/docs/sql/aggregates",
    "/careers",
    "/docs/limits",
    "/features/dashboards",
    "/blog/time-zones",
    "/docs/sql/dates",
    "/contact",
    "/security",
    "/docs/troubleshooting",
    "/blog/how-to-delete-a-row",
    "/docs/sql/strings",
    "/legal/privacy",
    "/docs/schema",
    "/blog/seven-kinds-of-slow",
    "/legal/terms",
    "/docs/backups",
    "/features/alerts",
    "/docs/upgrading",
    "/status",
    "/legal/imprint",
];

/// Position 0 is no referrer.
const REFERRERS: &[&str] = &[
    "",
    "https://www.google.com/",
    "https://news.ycombinator.com/item?id=41234567",
    "https://duckduckgo.com/",
    "https://github.com/explore",
    "https://www.reddit.com/r/dataengineering/comments/1abcde/",
    "https://www.bing.com/search?q=real-time+analytics",
    "https://lobste.rs/newest",
    "https://www.linkedin.com/feed/",
    "https://t.co/x1Y2z3",
    "https://www.youtube.com/watch?v=abcdefghijk",
    "https://chat.example.org/thread/77",
    "https://newsletter.example.com/issues/12?utm_source=mail",
];

macro_rules! tenants {
    ($($id:literal $locale:literal $home:literal,)*) => {
        &[$(Tenant { id: $id, locale: $locale, home: $home }),*]
    };
}

const TENANTS: &[Tenant] = tenants! {
    "acme" "en-US" 0, "birch" "en-US" 0, "cobalt" "de-DE" 1, "dune" "en-GB" 3, "ember" "fr-FR" 4, "fjord" "nb-NO" 12,
    "grove" "en-IN" 2, "harbor" "en-AU" 10, "iris" "es-ES" 6, "juniper" "en-CA" 7, "kelp" "ja-JP" 8, "lumen" "pt-BR" 5,
    "maple" "en-CA" 7, "nectar" "nl-NL" 9, "opal" "it-IT" 11, "pine" "sv-SE" 13, "quartz" "pl-PL" 14, "reef" "en-AU" 10,
    "slate" "de-DE" 1, "tundra" "fi-FI" 15, "umber" "es-MX" 16, "vale" "en-GB" 3, "willow" "en-US" 0, "xenon" "ko-KR" 17,
    "yarrow" "en-ZA" 18, "zephyr" "en-NZ" 19,
};

macro_rules! countries {
    ($($code:literal $distance:literal,)*) => {
        &[$(Country { code: $code, distance: $distance }),*]
    };
}

const COUNTRIES: &[Country] = countries! {
    "US" 1.0, "DE" 1.2, "IN" 2.1, "GB" 1.2, "FR" 1.2, "BR" 1.9, "ES" 1.3, "CA" 1.1, "JP" 1.7, "NL" 1.2,
    "AU" 2.2, "IT" 1.3, "NO" 1.4, "SE" 1.4, "PL" 1.3, "FI" 1.4, "MX" 1.5, "KR" 1.7, "ZA" 2.3, "NZ" 2.4,
};

const CLIENTS: &[Client] = &[
    Client {
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
        device: "desktop",
        browser: "chrome",
        slowness: 1.0,
        share: 0.34,
    },
    Client {
        user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
        device: "mobile",
        browser: "safari",
        slowness: 1.5,
        share: 0.22,
    },
    Client {
        user_agent: "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
        device: "mobile",
        browser: "chrome",
        slowness: 1.9,
        share: 0.18,
    },
    Client {
        user_agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
        device: "desktop",
        browser: "safari",
        slowness: 0.9,
        share: 0.11,
    },
    Client {
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
        device: "desktop",
        browser: "firefox",
        slowness: 1.0,
        share: 0.08,
    },
    Client {
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
        device: "desktop",
        browser: "edge",
        slowness: 1.0,
        share: 0.04,
    },
    Client {
        user_agent: "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
        device: "tablet",
        browser: "safari",
        slowness: 1.3,
        share: 0.03,
    },
];
