use super::*;
use crate::template::Template;

#[test]
fn a_pipe_comes_back_whole() {
    let text = "NODE a\nSQL >\n  SELECT 1\n\nNODE b\nSQL >\n  SELECT 1\nNODE c\nSQL >\n  # x\n";
    let sqls = ["SELECT 1", "SELECT 1", "not in the text"];
    let nodes = sqls.map(|sql| {
        let (template, _) = Template::compile(sql, "p.pipe", 0);
        Node { name: "n".to_owned(), description: String::new(), kind: Default::default(), template }
    });
    let pipe = Pipe { text: text.to_owned(), nodes: nodes.into(), ..Pipe::default() };
    let stored = Stored::from(pipe);
    assert_eq!(stored.cuts, [(0, 15), (1, 32)]);
    assert_eq!(Pipe::from(stored).text, text);
}
