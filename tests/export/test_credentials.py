"""Content credentials: signed offline by a key of the installation, kept along, and told apart from changed files."""

import io
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceeditor import __version__
from faceeditor.errors import FaceEditorError, ImageError
from faceeditor.export import credentials, signing_key
from faceeditor.export.credentials import Action, Parent, has_credentials, read_credentials, sign, why_not
from faceeditor.export.documents import write_face
from faceeditor.export.photograph import SaveOptions
from faceeditor.images.provenance import COMPOSITE_SOURCE_TYPE, DIGITAL_SOURCE_TYPE

pytest.importorskip("c2pa", reason="content credentials are an extra: pip install 'faceeditor[c2pa]'")

KINDS = ("png", "jpeg", "webp", "tiff", "avif")
CREATED = (Action("created", "Drawn", DIGITAL_SOURCE_TYPE),)
EDITED = (Action("edited", "Yaw: 0 to 8 degrees", COMPOSITE_SOURCE_TYPE),)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACEEDITOR_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def encoded(kind: str, level: int = 90) -> bytes:
    stream = io.BytesIO()
    pixels = np.random.default_rng(level).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(stream, kind.upper())
    return stream.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_a_made_picture_says_so_and_stays_a_picture(kind: str) -> None:
    plain = encoded(kind)
    signed = sign(plain, kind, f"face.{kind}", CREATED)
    assert not has_credentials(plain) and has_credentials(signed)
    found = read_credentials(signed, kind)
    assert found is not None
    assert found.intact and found.own and not found.trusted and found.problems == ()
    assert found.actions == CREATED and found.ingredients == ()
    assert found.signer.startswith("Face Editor, Installation ")
    before, after = (np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for data in (plain, signed))
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_file_is_not_intact(kind: str) -> None:
    signed = bytearray(sign(encoded(kind), kind, "a", CREATED))
    place = signed.find(b"IDAT") + 400 if kind == "png" else len(signed) - 300
    if kind in ("webp", "tiff"):  # whose manifest lies at the end
        place = 300
    signed[place] ^= 1
    try:
        found = read_credentials(bytes(signed), kind)
    except FaceEditorError:
        return
    assert found is not None and not found.intact and found.problems


def test_an_edit_keeps_the_credentials_of_its_source() -> None:
    source = sign(encoded("jpeg"), "jpeg", "first.jpg", CREATED)
    signed = sign(encoded("png", 3), "png", "second.png", EDITED, Parent(source, "jpeg", "first.jpg"))
    found = read_credentials(signed, "png")
    assert found is not None and found.intact
    assert [action.name for action in found.actions] == ["opened", "edited"]
    assert found.actions[1] == EDITED[0]
    assert found.ingredients == (("first.jpg", True),)


@pytest.mark.parametrize("kind", ["png", "bmp", "gif"])
def test_a_source_without_credentials_is_named(kind: str) -> None:
    signed = sign(encoded("png", 3), "png", "second.png", EDITED, Parent(encoded(kind), kind, "first"))
    found = read_credentials(signed, "png")
    assert found is not None and found.intact and found.ingredients == (("first", False),)


def test_the_key_is_made_once_and_for_this_user_alone(state: Path) -> None:
    assert signing_key.kept_key() is None and not list(state.rglob("*.pem"))
    first = signing_key.signing_key()
    (file,) = state.rglob("*.pem")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert signing_key.signing_key() == first == signing_key.kept_key()
    assert list(file.parent.iterdir()) == [file]
    assert first.private not in sign(encoded("jpeg"), "jpeg", "a", CREATED).decode("latin-1")


def test_a_damaged_key_is_set_aside(state: Path) -> None:
    first = signing_key.signing_key()
    (file,) = state.rglob("*.pem")
    file.write_text("no key")
    second = signing_key.signing_key()
    assert second.serial != first.serial and file.with_name(f"{file.name}.damaged").exists()


def test_a_certificate_that_ends_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    import datetime

    first = signing_key.signing_key()
    later = signing_key._now() + datetime.timedelta(days=365 * 10)
    monkeypatch.setattr(signing_key, "_now", lambda: later)
    assert signing_key.signing_key().serial != first.serial


def test_certificates_are_as_the_specification_asks_for() -> None:
    """C2PA 2.1, 14.5: a signer for documents below an authority that certifies nobody below that one."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    chain = x509.load_pem_x509_certificates(signing_key.signing_key().chain.encode())
    leaf, root = chain
    leaf.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)
    for certificate, is_authority in ((leaf, False), (root, True)):
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert basic.critical and basic.value.ca == is_authority
        assert basic.value.path_length == (0 if is_authority else None)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        allowed = {name.lstrip("_") for name, value in vars(usage.value).items() if value is True}
        assert usage.critical and allowed == ({"key_cert_sign", "crl_sign"} if is_authority else {"digital_signature"})
        assert certificate.not_valid_before_utc < signing_key._now() < certificate.not_valid_after_utc
        organisation, name = (
            certificate.subject.get_attributes_for_oid(oid)[0].value
            for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
        )
        assert organisation == "Face Editor" and str(name).startswith("Installation ")
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.EMAIL_PROTECTION]
    authority = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert authority == root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def test_a_key_that_another_process_made_meanwhile_stays(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, ours = signing_key._made(), signing_key._made()

    def made() -> signing_key.SigningKey:
        (state / "credentials" / signing_key._FILE).write_text(theirs.private + theirs.chain)
        return ours

    monkeypatch.setattr(signing_key, "_made", made)
    assert signing_key.signing_key() == theirs


def test_a_key_is_kept_where_files_cannot_be_linked(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(self: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    key = signing_key.signing_key()
    assert signing_key.kept_key() == key
    assert [file.name for file in (state / "credentials").iterdir()] == [signing_key._FILE]


def test_a_key_that_cannot_be_kept_or_read_is_a_sentence(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(FaceEditorError, match="disk is full"):
            signing_key.signing_key()
    assert list((state / "credentials").iterdir()) == [], "no part of a key stays behind"
    with monkeypatch.context() as patched:
        patched.setattr(signing_key, "_made", lambda: signing_key.SigningKey("no key", ""))
        with pytest.raises(FaceEditorError, match="cannot be used; delete it"):
            signing_key.signing_key()
    file = state / "credentials" / signing_key._FILE
    file.unlink()
    file.mkdir()
    with pytest.raises(FaceEditorError, match="cannot be read"):
        signing_key.signing_key()


def test_a_key_and_a_certificate_of_another_one_are_set_aside(state: Path) -> None:
    first, second = signing_key._made(), signing_key._made()
    (state / "credentials").mkdir(parents=True)
    (state / "credentials" / signing_key._FILE).write_text(first.private + second.chain)
    assert signing_key.kept_key() is None
    assert signing_key.signing_key().serial not in (first.serial, second.serial)


def test_the_program_that_signed_is_named() -> None:
    import json

    import c2pa

    signed = sign(encoded("png"), "png", "face.png", CREATED)
    with c2pa.Reader("image/png", io.BytesIO(signed)) as reader:
        found = json.loads(reader.json())
    manifest = found["manifests"][found["active_manifest"]]
    (generator,) = manifest["claim_generator_info"]
    assert (generator["name"], generator["version"]) == ("Face Editor", __version__)
    assert manifest["title"] == "face.png"
    assert "thumbnail" not in manifest, "a second, small copy of the picture would be in every file"


def test_another_installation_is_told_apart(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signed = sign(encoded("png"), "png", "a", CREATED)
    monkeypatch.setenv("FACEEDITOR_STATE", str(state.with_name("other")))
    found = read_credentials(signed, "png")
    assert found is not None and found.intact and not found.own


def test_what_cannot_be_signed_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageError, match="OpenRaster files cannot hold"):
        SaveOptions("ora", sign=True)
    signed = sign(encoded("png"), "png", "a", CREATED)
    monkeypatch.setattr(credentials, "_installed", lambda: False)
    assert "pip install" in why_not("png")
    with pytest.raises(FaceEditorError, match="pip install"):
        sign(encoded("png"), "png", "a", CREATED)
    with pytest.raises(FaceEditorError, match="pip install"):
        read_credentials(signed, "png")
    assert read_credentials(encoded("png"), "png") is None


def test_damaged_credentials_are_a_sentence() -> None:
    signed = bytearray(sign(encoded("jpeg"), "jpeg", "a", CREATED))
    place = signed.find(b"jumdc2pa")
    signed[place + 30 : place + 400] = bytes(370)
    try:
        found = read_credentials(bytes(signed), "jpeg")
        assert found is not None and not found.intact
    except FaceEditorError as error:
        assert "cannot be read" in str(error)


def test_a_drawn_face_is_signed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from faceeditor.cli import main

    pixels = np.random.default_rng(2).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    write_face(tmp_path / "face.png", pixels, np.ones((256, 256), np.uint8), sign=True)
    assert main(["inspect", str(tmp_path / "face.png")]) == 0
    said = capsys.readouterr().out
    assert "signed and intact" in said and "this installation" in said and "created: Drawn by" in said
    write_face(tmp_path / "plain.png", pixels, np.ones((256, 256), np.uint8))
    assert main(["inspect", str(tmp_path / "plain.png")]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["content", "credentials", "none"] in lines
