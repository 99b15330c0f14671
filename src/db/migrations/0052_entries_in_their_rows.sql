-- The rendered fragment of a document entry, some two KiB when compressed, stays in the row: beside it (as toast) every entry of an answer
-- took one more page at a random place and one more look into an index. Two entries find room in a page. Rows that are there stay as they are.

alter table registry.document_entry set (toast_tuple_target = 4064);
