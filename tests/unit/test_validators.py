from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend.exceptions import InvalidValue, UnsafePath, ValidationError
from backend.validators import (
    sanitize_path,
    validate_branch,
    validate_commit,
    validate_file_name,
    validate_package_name,
    validate_port,
    validate_reference,
    validate_repository_url,
    validate_requirement,
    validate_url,
    validate_version_tag,
)

HOSTILE_CHARACTERS = st.sampled_from("a.-_/\\:~^?*[@{} \t\n\r\x00\x7f\u2028\u202e\ud800é$%+#'\"|<>")
HOSTILE_TEXT = st.text(HOSTILE_CHARACTERS, max_size=12) | st.text(max_size=40)
PARTS = st.sampled_from(
    ["..", ".", "", "a", "b.txt", "out", "in", "loop", "deep", "...", "~", "C:", "\\..", "%2e%2e"]
)
HOSTILE_PATHS = st.builds(str.join, st.sampled_from(["/", "//", "\\"]), st.lists(PARTS, max_size=6))


@pytest.mark.parametrize("tag", ["v0.3.60", "v0.0.2", "0.3", "nightly_2024+cu126", "a" * 100])
def test_a_tag_as_comfyui_uses_them_is_taken(tag: str) -> None:
    assert validate_version_tag(tag) == tag


@pytest.mark.parametrize(
    "tag",
    [
        "",
        ".",
        "..",
        ".hidden",
        "-x",
        "--upload-pack=touch /tmp/x",
        "v1..2",
        "v1/../..",
        "a/b",
        "a\\b",
        "a b",
        "a\n",
        "\na",
        "v1\x00",
        "v1:2",
        "v1~",
        "é",
        "v\u0661",
        "a" * 101,
        "v1.",
        "v1.lock",
        "CON",
        "con",
        "nul.txt",
        "COM1",
        "lpt9.0",
    ],
)
def test_a_tag_that_is_no_safe_folder_name_is_refused(tag: str) -> None:
    with pytest.raises(InvalidValue, match="version tag"):
        validate_version_tag(tag)


@given(HOSTILE_TEXT)
def test_every_tag_that_is_taken_is_one_plain_folder_name(text: str) -> None:
    try:
        tag = validate_version_tag(text)
    except InvalidValue:
        return
    assert Path("base", tag).parts == ("base", text)
    assert validate_file_name(tag) == tag
    assert validate_reference(tag) == tag


@pytest.mark.parametrize("name", ["master", "feature/new-nodes", "release/v0.3", "héllo", "a@b"])
def test_a_branch_is_taken(name: str) -> None:
    assert validate_branch(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "@", "HEAD", "-b", "/a", "a/", "a//b", "a..b", ".a", "a/.b", "a.lock", "a.lock/b"),
        *("a.", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "a@{1}", "a\x7f", "a\nb"),
        *("a\u00a0b", "x" * 201),
    ],
)
def test_a_name_that_git_or_we_cannot_take_as_a_branch_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue):
        validate_branch(name)
    with pytest.raises(InvalidValue):
        validate_reference(name)


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("ab.-/@{}~^:?*[\\ lock\x7f"), min_size=1, max_size=8))
@example("a.lock")
@example("@")
@example("-")
def test_git_itself_takes_every_branch_that_we_take(name: str) -> None:
    try:
        validate_branch(name)
    except InvalidValue:
        return
    done = subprocess.run(["git", "check-ref-format", "--branch", name], capture_output=True)
    assert done.returncode == 0, name


def test_a_commit_is_given_back_in_lower_case() -> None:
    assert validate_commit("ABCDEF1") == "abcdef1"
    assert validate_commit("0" * 40) == "0" * 40


@pytest.mark.parametrize(
    "text", ["", "abcdef", "0" * 41, "g" * 7, "abcdef1\n", "-abcdef", "\u0660" * 7]
)
def test_what_is_no_commit_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="commit"):
        validate_commit(text)


@given(HOSTILE_TEXT)
def test_a_reference_is_never_an_option_a_range_or_a_path_out(text: str) -> None:
    try:
        reference = validate_reference(text)
    except InvalidValue:
        return
    assert reference == text
    assert not reference.startswith(("-", "/", "."))
    assert not any(bad in reference for bad in ("..", "@{", ":", "\\", "\x00", "\n", " ", "//"))


@pytest.mark.parametrize("text", ["v0.3.60", "master", "feature/x", "abcdef1234"])
def test_a_reference_is_a_tag_a_branch_or_a_commit(text: str) -> None:
    assert validate_reference(text) == text


@pytest.mark.parametrize(
    ("name", "normal"),
    [("torch", "torch"), ("PyYAML", "pyyaml"), ("a..b__c--d", "a-b-c-d"), ("x", "x")],
)
def test_a_package_name_comes_in_its_normal_form(name: str, normal: str) -> None:
    assert validate_package_name(name) == normal


@pytest.mark.parametrize("name", ["", "-e", "_x", "x-", "a b", "a/b", "a;b", "a\n", "é", "x" * 101])
def test_what_is_no_package_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue, match="package name"):
        validate_package_name(name)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("numpy", "numpy"),
        ("NumPy >=2, <3", "numpy<3,>=2"),
        (
            "torch[opt]==2.9.*; sys_platform == 'linux'",
            'torch[opt]==2.9.*; sys_platform == "linux"',
        ),
        ("x @ https://example.org/x-1.whl#sha256=ab", "x@ https://example.org/x-1.whl#sha256=ab"),
        ("x @ file:///srv/x-1.whl", "x@ file:///srv/x-1.whl"),
    ],
)
def test_a_requirement_comes_in_its_normal_form(text: str, normal: str) -> None:
    assert validate_requirement(text).replace(" @ ", "@ ") == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-e .",
        "--index-url https://evil.example",
        "-r other.txt",
        "numpy\n--index-url https://evil.example",
        "numpy \\\n",
        "numpy # comment",
        "./local",
        "https://example.org/x.whl",
        "x @ git+https://example.org/x",
        "x @ git+ssh://git@example.org/x",
        "x @ http://example.org/x.whl",
        "x @ https://user:password@example.org/x.whl",
        "x @ https://evil.example/${GITHUB_TOKEN}",
        "x @ file://host/share/x.whl",
        "x @ ftp://example.org/x",
        "numpy" + ">=1," * 300 + "<3",
    ],
)
def test_a_requirement_that_would_do_more_than_name_a_package_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        validate_requirement(text)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://Example.ORG/Path?q=1", "https://example.org/Path?q=1"),
        ("HTTPS://example.org", "https://example.org"),
        ("https://[::1]:8443/x", "https://[::1]:8443/x"),
    ],
)
def test_an_address_comes_with_its_host_in_lower_case(url: str, normal: str) -> None:
    assert validate_url(url) == normal


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "//example.org",
        "http://example.org",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user@example.org",
        "https://user:pw@example.org",
        "https://@example.org",
        "https://example.org\\@evil.example",
        "https://exam ple.org",
        "https://example.org/\n",
        "https://example.org/\x00",
        "https://example.org:99999",
        "https://example.org:x",
        "https://[::1",
        "https://-oProxyCommand=x/",
        "https://a..b/",
        "https://" + "a" * 64 + ".org/",
        "https://example.org/" + "x" * 2048,
    ],
)
def test_an_unsound_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidValue, match="address"):
        validate_url(url)


def test_other_schemes_are_taken_when_they_are_asked_for() -> None:
    assert validate_url("http://127.0.0.1:8188", schemes=("http",)) == "http://127.0.0.1:8188"


@pytest.mark.parametrize("validate", [validate_url, validate_repository_url])
def test_a_password_in_a_refused_address_is_not_repeated(validate: Callable[[str], str]) -> None:
    with pytest.raises(InvalidValue) as caught:
        validate("https://me:hunter22@example.org/repo")
    assert "hunter22" not in f"{caught.value} {caught.value.hint} {caught.value.context}"


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://github.com/Comfy-Org/ComfyUI/", "https://github.com/Comfy-Org/ComfyUI"),
        ("http://127.0.0.1:3000/x.git", "http://127.0.0.1:3000/x.git"),
        ("file:///srv/Comfy UI".replace(" ", "%20"), "file:///srv/Comfy%20UI"),
        ("file://localhost/srv/x", "file:///srv/x"),
    ],
)
def test_a_repository_is_an_https_http_or_file_address(url: str, normal: str) -> None:
    assert validate_repository_url(url) == normal


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% /tmp/x",
        "ext::sh",
        "fd::17",
        "ssh://git@github.com/x/y",
        "git@github.com:x/y.git",
        "host:path",
        "git://example.org/x",
        "git+https://example.org/x",
        "-oProxyCommand=x",
        "--upload-pack=x",
        "/srv/repository",
        "./relative",
        "C:\\repository",
        "file://",
        "file:///",
        "file://host/share",
        "https://-host/x",
        "https://token@github.com/x/y",
        "https://github.com/x/y?z",
        "https://github.com/x/y#z",
        "https://github.com/x\n/y",
    ],
)
def test_a_repository_that_could_run_something_or_lead_nowhere_is_refused(url: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        validate_repository_url(url)
    assert "https, http or file address" in caught.value.hint


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with links that stay in and links that lead out."""
    world = tmp_path_factory.mktemp("world")
    base = world / "base"
    (base / "deep" / "er").mkdir(parents=True)
    (world / "secret").mkdir()
    (base / "out").symlink_to(world / "secret")
    (base / "in").symlink_to("deep")
    (base / "up").symlink_to("..")
    (base / "self").symlink_to(".")
    (base / "loop").symlink_to("loop")
    return base


def test_a_path_inside_comes_back_absolute_with_links_followed(base: Path) -> None:
    assert sanitize_path("a/./b.txt", base) == base.resolve() / "a" / "b.txt"
    assert sanitize_path("in/er/new.png", base) == base.resolve() / "deep" / "er" / "new.png"
    assert sanitize_path("空白 ~ name.png", base) == base.resolve() / "空白 ~ name.png"


def test_a_base_that_is_reached_through_a_link_is_followed_first(base: Path) -> None:
    link = base.parent / "entrance"
    link.symlink_to(base)
    assert sanitize_path("a", link) == base.resolve() / "a"


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "..",
        "../base/a",
        "a/../../secret",
        "a/..",
        "/etc/passwd",
        "//host/share",
        "a\x00b",
        "a\nb",
        "..\\..\\secret",
        "a\\b",
        "C:/x",
        "c:x",
        "out",
        "out/file",
        "in/../../secret",
        "up",
        "up/secret/x",
        "self",
        "loop",
        "loop/x",
        "x" * 256,
        "\ud800",
    ],
)
def test_a_path_that_is_not_strictly_inside_is_refused(path: str, base: Path) -> None:
    with pytest.raises(UnsafePath):
        sanitize_path(path, base)


@settings(max_examples=1000, deadline=None)
@given(path=HOSTILE_PATHS | HOSTILE_TEXT)
def test_no_path_gets_out_of_its_base(path: str, base: Path) -> None:
    try:
        found = sanitize_path(path, base)
    except UnsafePath:
        return
    assert base.resolve() in found.resolve().parents
    assert ".." not in found.parts


@pytest.mark.parametrize("port", [1024, 8188, 65535])
def test_a_port_that_needs_no_rights_is_taken(port: int) -> None:
    assert validate_port(port) == port


@pytest.mark.parametrize("port", [-1, 0, 80, 1023, 65536, True])
def test_other_ports_are_refused(port: int) -> None:
    with pytest.raises(InvalidValue, match="port"):
        validate_port(port)


@pytest.mark.parametrize("name", ["model.safetensors", ".hidden", "空 白.png", "a" * 255, "a..b"])
def test_a_file_name_is_taken(name: str) -> None:
    assert validate_file_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "a/b", "a\\b", "a\x00", "a\n", "-rf", "a.", "a ", " a", "CON", "aux.txt"),
        *("a:b", "a|b", "a*", "a" * 256, "é" * 128, "\ud800"),
    ],
)
def test_what_is_no_portable_file_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue, match="file name"):
        validate_file_name(name)


@given(HOSTILE_TEXT)
def test_every_file_name_that_is_taken_is_one_part_of_a_path(text: str) -> None:
    try:
        name = validate_file_name(text)
    except InvalidValue:
        return
    assert Path("base", name).parts == ("base", name)
    assert Path("base", name).name.encode()


@settings(max_examples=300)
@given(HOSTILE_TEXT)
@pytest.mark.parametrize(
    "validate",
    [
        validate_version_tag,
        validate_branch,
        validate_commit,
        validate_reference,
        validate_package_name,
        validate_requirement,
        validate_url,
        validate_repository_url,
        validate_file_name,
    ],
)
def test_hostile_text_is_taken_unharmed_or_refused_with_our_own_error(
    validate: Callable[[str], str], text: str
) -> None:
    try:
        sound = validate(text)
    except ValidationError:
        return
    assert validate(sound) == sound
