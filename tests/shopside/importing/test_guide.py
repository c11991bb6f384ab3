"""The guide of the import: its maps are maps, and it names every key there is."""

import re
import tomllib
from pathlib import Path

from shopside.importing.layout import Columns, Condition, Layout, RefundRows

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "guides" / "import.md").read_text(encoding="utf-8")


def test_every_map_of_the_guide_is_one() -> None:
    maps = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    assert [Layout.model_validate(tomllib.loads(text)).name for text in maps] == [
        "my-shop",
        "alipay-bill",
        "paypal",
        "meituan",
    ]


def test_every_key_of_a_map_stands_in_the_guide() -> None:
    keys = {name for model in (Layout, Columns, Condition, RefundRows) for name in model.model_fields}
    assert not [key for key in keys if not re.search(rf"`\[*{key}\]*[`\s]", GUIDE)]
