"""The worker: it serves the page's own files, and keeps out of all else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.page.conftest import PAGE, Run

WORKER = """
    const heard = {};
    const kept = {'https://chat.test/': 'kept page', 'https://chat.test/v/1/main.js': 'kept file'};
    const names = ['addEventListener', 'caches', 'fetch', 'location', 'clients', 'setTimeout'];
    new Function(...names, given.worker)(
      (name, act) => (heard[name] = act),
      {match: async (request) => kept[request.url ?? request]},
      async () => { if (given.offline) throw new Error('offline'); return 'from the server'; },
      {href: 'https://chat.test/sw.js'}, {}, () => {});
    let answer = 'nothing';
    heard.fetch({request: {url: given.url, mode: given.mode, method: 'GET'},
      respondWith: (given) => (answer = given)});
    return answer;
"""


def asked(run: Run, url: str, *, mode: str = "cors", offline: bool = False) -> Any:
    worker = (PAGE / "sw.js").read_text(encoding="utf-8")
    return run(WORKER, given={"worker": worker, "url": url, "mode": mode, "offline": offline})


@pytest.mark.parametrize("offline", [False, True])
def test_a_file_of_a_version_is_served_as_it_was_kept(run: Run, *, offline: bool) -> None:
    assert asked(run, "https://chat.test/v/1/main.js", offline=offline) == "kept file"


def test_a_file_that_is_not_kept_comes_from_the_server(run: Run) -> None:
    assert asked(run, "https://chat.test/v/2/main.js") == "from the server"


def test_the_page_is_the_servers_and_without_it_the_one_that_is_kept(run: Run) -> None:
    page = "https://chat.test/#invite=x"
    assert asked(run, page, mode="navigate") == "from the server"
    assert asked(run, page, mode="navigate", offline=True) == "kept page"


@pytest.mark.parametrize(
    "url",
    [
        "https://chat.test/version.json",
        "https://chat.test/local.json",
        "https://other.test/v/1/main.js",
    ],
)
def test_with_all_else_it_has_nothing_to_do(run: Run, url: str) -> None:
    assert asked(run, url) == "nothing"
    assert asked(run, url, mode="navigate") == "nothing"
