#!/bin/sh
# Build dist/faceeditor_VERSION_ARCH.deb: the program with all its Python packages under /opt/faceeditor, a launcher, the
# desktop entry, the icon and the file type of portraits. It runs on the python3 that it is built with (Debian's own).
set -eu
FACEEDITOR_VENV=$(cd "$(dirname "$0")/.." && pwd)/build/deb/venv
export FACEEDITOR_VENV PATH="/usr/bin:$PATH"
extras=
. "$(dirname "$0")/setup.sh"

system=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
used=$("$PY" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
[ "$system" = "$used" ] || { say "This machine's /usr/bin/python3 is $system and not $used; remove build/deb and try again."; exit 1; }
next=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % (sys.version_info[0], sys.version_info[1] + 1))')
version=$("$PY" -c 'import faceeditor; print(faceeditor.__version__)')
architecture=$(dpkg --print-architecture)
tree=$root_dir/build/deb/tree
rm -rf "$tree"
mkdir -p "$tree/opt/faceeditor" "$tree/usr/bin" "$tree/usr/share/applications" "$tree/usr/share/mime/packages" \
    "$tree/usr/share/icons/hicolor/scalable/apps" "$tree/usr/share/doc/faceeditor" "$tree/DEBIAN" "$root_dir/dist"

say "Copying the packages ..."
site=$("$PY" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cp -a "$site" "$tree/opt/faceeditor/site"
# The environment has the checkout itself; the package carries its wheel instead.
rm -rf "$tree/opt/faceeditor/site"/pip "$tree/opt/faceeditor/site"/pip-* "$tree/opt/faceeditor/site"/faceeditor* \
    "$tree/opt/faceeditor/site"/_faceeditor* "$tree/opt/faceeditor/site"/*faceeditor*.pth
pip wheel --no-deps --wheel-dir "$root_dir/build/deb" "$root_dir"
pip install --no-deps --target "$tree/opt/faceeditor/site" "$root_dir/build/deb/faceeditor-$version"-*.whl
find "$tree/opt/faceeditor/site" -name __pycache__ -prune -exec rm -rf {} +

cat > "$tree/usr/bin/faceeditor" <<'LAUNCHER'
#!/bin/sh
# Face Editor with the packages that it was installed with, and none of the user's.
export PYTHONPATH=/opt/faceeditor/site PYTHONNOUSERSITE=1 PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -m faceeditor "$@"
LAUNCHER
chmod 755 "$tree/usr/bin/faceeditor"
cp packaging/linux/faceeditor.desktop "$tree/usr/share/applications/"
cp packaging/linux/faceeditor-mime.xml "$tree/usr/share/mime/packages/faceeditor.xml"
cp resources/icons/faceeditor.svg "$tree/usr/share/icons/hicolor/scalable/apps/"
cp LICENSE NOTICE "$tree/usr/share/doc/faceeditor/"

libraries=$(printf '%s\n' "$needed_libraries" | awk 'NF == 2 { printf ", %s", $2 }')
cat > "$tree/DEBIAN/control" <<CONTROL
Package: faceeditor
Version: $version
Section: graphics
Priority: optional
Architecture: $architecture
Maintainer: Face Editor developers <faceeditor@example.org>
Installed-Size: $(du -sk "$tree" | cut -f1)
Depends: python3 (>= $system), python3 (<< $next), fonts-dejavu-core$libraries
Description: Paint a mask and see a face
 A desktop editor for artists: paint a mask and a neural network makes a portrait of it, drag sliders for identity,
 expression, pose and light, bring a photograph and edit it. Runs offline with the models that it carries.
CONTROL
find "$tree" -type d -exec chmod 755 {} +
say "Packing ..."
dpkg-deb --root-owner-group -Zgzip -z1 --build "$tree" "$root_dir/dist/faceeditor_${version}_$architecture.deb" >/dev/null
say "dist/faceeditor_${version}_$architecture.deb"
