-- Whether a file on the disk is named by a message that no entry names was asked of all such messages, for every batch of files.

create index superseded_file on registry.superseded (file_key) where file_key is not null;
