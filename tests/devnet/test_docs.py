"""Goal: the python-bitshares code of docs/devnet.md works as it stands. Method: it is run against a node of its own."""

import re
import subprocess
import sys
from pathlib import Path

from bsip_mplp.devnet import DevnetServer, Options

PAGE = Path(__file__).parents[2] / "docs" / "devnet.md"


def test_the_code_of_the_page_makes_a_bitasset_with_a_price_and_a_position():
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    code = "\n".join(block for block in blocks if "import Chain," not in block)
    assert "Call_order_update" in code
    with DevnetServer(Options(port=0, block_interval=0.1)) as server:
        code = code.replace("ws://127.0.0.1:8090", server.url)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "'collateral': 400000000, 'debt': 1000000" in done.stdout
