# Shortcuts for contributors; see CONTRIBUTING.md.
VENV := .venv

.PHONY: setup format check renew fixture test bench bundle deb run clean

setup: $(VENV)/installed

$(VENV)/installed: pyproject.toml
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet -e '.[test]'
	touch $@

format: setup
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

check: setup
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

renew: setup
	$(VENV)/bin/python tools/catalogue.py
	$(VENV)/bin/python tools/house.py --update CONTRIBUTING.md
	$(VENV)/bin/python tools/pictures.py
	$(VENV)/bin/python tools/manuals.py

# Of a new format of the database, before it lands; see tests/fixtures/formats/README.md.
fixture: setup
	$(VENV)/bin/python tools/fixture.py

test: setup
	$(VENV)/bin/pytest

bench: setup
	$(VENV)/bin/python tools/bench.py

bundle: setup
	$(VENV)/bin/python tools/bundle.py

deb: setup
	$(VENV)/bin/python tools/deb.py

run: setup
	$(VENV)/bin/securechat-server --data .data

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
