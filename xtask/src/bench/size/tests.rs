use super::*;

#[test]
fn functions_belong_to_the_crate_they_are_there_for() {
    let check = |name, expected| assert_eq!(owner(name), expected, "{name}");
    check("parquet::arrow::decode::h0123456789abcdef", "parquet");
    check("<arrow_array::Array as core::fmt::Debug>::fmt", "arrow_array");
    check("core::ptr::drop_in_place<arrow_cast::x::Y>", "arrow_cast");
    check("<alloc::vec::Vec<T> as core::clone::Clone>::clone", "std");
    check("<&mut hashbrown::raw::RawTable<sqlparser::ast::Expr>>::insert", "sqlparser");
    check("memcpy", "(other)");
}

#[test]
fn bytes_are_summed_by_crate() {
    // (module (func $a::f) (func $a::g) (func $b::g)), each with an empty body; the last two are mangled
    let names = [&[0, 4][..], b"a::f", &[1, 8], b"_ZN1a1gE", &[2, 8], b"_ZN1b1gE"].concat();
    let functions = [&[1, names.len() as u8 + 1, 3][..], &names].concat();
    let section = [&[4][..], b"name", &functions].concat();
    let module = [
        &b"\0asm\x01\0\0\0"[..],
        &[1, 4, 1, 0x60, 0, 0],
        &[3, 4, 3, 0, 0, 0],
        &[10, 10, 3, 2, 0, 0x0b, 2, 0, 0x0b, 2, 0, 0x0b],
        &[0, section.len() as u8],
        &section,
    ]
    .concat();
    assert_eq!(by_crate(&module).unwrap(), [("a".to_owned(), 4), ("b".to_owned(), 2)]);
    assert!(by_crate(b"no module").is_err());
}

#[test]
fn packed_is_smaller() {
    let sizes = sizes(&[7; 100_000]).unwrap();
    assert_eq!(sizes.raw, 100_000);
    assert!(sizes.gzip < 1_000 && sizes.brotli < 1_000);
}
