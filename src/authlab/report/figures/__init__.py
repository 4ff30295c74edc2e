"""The figures of a report, one file each: data, words, table and drawing of one question."""
