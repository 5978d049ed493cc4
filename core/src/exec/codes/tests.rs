use super::*;
use arrow::array::StringViewBuilder;
use datafusion::execution::memory_pool::{GreedyMemoryPool, UnboundedMemoryPool};

fn codes(memory: Arc<dyn MemoryPool>) -> Codes {
    Codes::new(&memory)
}

fn texts(values: &[Option<&str>]) -> StringViewArray {
    values.iter().copied().collect()
}

#[test]
fn texts_come_back() {
    let codes = codes(Arc::new(UnboundedMemoryPool::default()));
    let long = "a text that is longer than a view holds";
    let first = texts(&[Some("a"), None, Some(long), Some("a"), Some("")]);
    let second = texts(&[Some(""), Some("b"), Some(long), None, Some("a")]);
    let coded = [codes.codes_of(&first).unwrap(), codes.codes_of(&second).unwrap()];
    assert_eq!(coded[0].value(0), coded[0].value(3));
    assert_eq!(coded[0].value(0), coded[1].value(4));
    assert_eq!(coded[0].value(2), coded[1].value(2));
    assert!(coded[0].is_null(1) && coded[1].is_null(3));
    for (coded, texts) in coded.iter().zip([first, second]) {
        assert_eq!(codes.texts_of(coded).unwrap().as_string_view(), &texts);
    }
    assert!(codes.codes_of(&texts(&[Some("late")])).is_err());
}

#[test]
fn null_is_no_text() {
    let codes = codes(Arc::new(UnboundedMemoryPool::default()));
    let nulls = codes.codes_of(&texts(&[None, None])).unwrap();
    assert_eq!(nulls.null_count(), 2);
    let empty = codes.codes_of(&texts(&[None, Some("")])).unwrap();
    assert_eq!(codes.texts_of(&empty).unwrap().as_string_view(), &texts(&[None, Some("")]));
}

#[test]
fn one_view_means_another_text_in_the_next_batch() {
    let codes = codes(Arc::new(UnboundedMemoryPool::default()));
    let batches = ["the first batch's text", "the other batch's text"].map(|text| texts(&[Some(text)]));
    assert_eq!(batches[0].views()[0] >> 64, batches[1].views()[0] >> 64);
    let coded = batches.each_ref().map(|batch| codes.codes_of(batch).unwrap());
    for (coded, batch) in coded.iter().zip(&batches) {
        assert_eq!(codes.texts_of(coded).unwrap().as_string_view(), batch);
    }
}

#[test]
fn more_texts_than_the_memo_holds() {
    let codes = codes(Arc::new(UnboundedMemoryPool::default()));
    let mut builder = StringViewBuilder::new().with_deduplicate_strings();
    for row in 0..20_000 {
        builder.append_value(format!("a text with the number {}", row * 7919 % 5000));
    }
    let texts = builder.finish();
    let coded = codes.codes_of(&texts).unwrap();
    assert_eq!(coded.values().iter().max(), Some(&4999));
    assert_eq!(codes.texts_of(&coded).unwrap().as_string_view(), &texts);
}

#[test]
fn memory_is_accounted_for() {
    let codes = codes(Arc::new(GreedyMemoryPool::new(100_000)));
    let many: StringViewArray = (0..10_000).map(|row| Some(format!("a text with the number {row}"))).collect();
    let error = codes.codes_of(&many).unwrap_err().to_string();
    assert!(error.contains("texts of a GROUP BY"), "{error}");
}
