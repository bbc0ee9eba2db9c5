"""How values show themselves: one line at a prompt, a table in a notebook, nothing of a stranger's text as HTML."""

from html.parser import HTMLParser

from jwstpipe.notebook import MOST_ROWS, Shown, facts_html, rows_html, tree_html


class Pair(Shown):
    def facts(self):
        return {"matched": 1234, "names": ("a", "b"), "notes": (), "file": "<script>x</script>", "left": None}


class Reader(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words.append(data)


def test_a_line_tells_the_facts_that_there_are():
    assert repr(Pair()) == "<Pair matched 1,234, names a, b, file <script>x</script>>"


def test_a_table_has_a_row_a_fact_and_takes_no_tags_from_values():
    read = Reader(Pair()._repr_html_())
    assert read.tags.count("tr") == 3
    assert "script" not in read.tags
    assert "<script>x</script>" in read.words


def test_long_values_are_cut_and_many_rows_are_counted():
    assert "x" * 197 + "..." in facts_html("t", {"long": "x" * 1000})
    read = Reader(rows_html("t", ("n",), [(number,) for number in range(MOST_ROWS + 5)]))
    assert read.tags.count("tr") == MOST_ROWS + 1
    assert "and 5 more" in read.words


def test_a_tree_keeps_its_lines_and_its_letters():
    read = Reader(tree_html("a\n└── <b>"))
    assert read.words == ["a\n└── <b>"]
