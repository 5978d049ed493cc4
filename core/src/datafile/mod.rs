//! `.datasource` and `.pipe` text → AST with spans. Parsing never fails.
