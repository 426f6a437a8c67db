import ast

import pytest

from curifactory.closure.blind_spots import find_blind_spots

FOUND = {
    "getattr(x, name)": "getattr()",
    "eval('1')": "eval() makes code of a text",
    "exec(text)": "exec() makes code of a text",
    "globals()['x']": "globals() looks names up",
    "importlib.import_module(name)": "import_module() imports a module by its name",
    "__import__('x')": "__import__() imports a module by its name",
    "open('x')": "open() reads a file",
    "path.open()": "open() reads a file",
    "Path('x').read_text()": "read_text() reads a file",
    "pd.read_csv('x')": "read_csv() reads a file",
    "np.load('x')": "load() reads a file",
    "os.environ['X']": "environment variable",
    "os.getenv('X')": "environment variable",
    "subprocess.run(['x'])": "subprocess.run() starts a program",
    "os.system('x')": "os.system() starts a program",
}


@pytest.mark.parametrize(("text", "said"), FOUND.items(), ids=FOUND)
def test_what_cannot_be_followed_is_found_with_its_line(text: str, said: str) -> None:
    ((line, found),) = set(find_blind_spots(ast.parse(f"\n{text}")))

    assert line == 2
    assert said in found


@pytest.mark.parametrize("text", ["getattr(x, 'name')", "model.load()", "run()", "f(x)(y)"])
def test_what_can_be_followed_is_none(text: str) -> None:
    assert list(find_blind_spots(ast.parse(text))) == []
