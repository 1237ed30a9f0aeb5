"""The table of shortcuts in the preferences: search, press to record, reset."""

from PySide6.QtCore import QModelIndex, QSignalBlocker, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLineEdit,
    QPushButton,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from faceeditor.gui.actions import Actions, commands, plain_text
from faceeditor.gui.icons import icon
from faceeditor.gui.settings import MAX_KEYS
from faceeditor.gui.shortcuts import Keys, default_keys, keep_keys, normal, obstacle, taken_by
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.basic import label

_NAME = Qt.ItemDataRole.UserRole
_TEXT_WIDTH = 250


class ShortcutsPage(QWidget):
    """All commands with their shortcuts. A change holds at once and is kept.

    Args:
        actions: the window's commands.
    """

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._defaults = default_keys()
        self._texts = {command.name: plain_text(command) for command in commands()}
        self._wanted: tuple[int, str] | None = None  # a key that another command has, and the field it was pressed in
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search commands and keys"))
        self.search.setAccessibleName(self.tr("Search commands and keys"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search", 16), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._filter)
        column.addWidget(self.search)
        self.table = self._build_table()
        column.addWidget(self.table, 1)
        self.name = label("", "sectionTitle")
        column.addWidget(self.name)
        column.addLayout(self._build_fields())
        column.addLayout(self._build_notice())
        self._fill()
        self.table.setCurrentItem(next(iter(self._items.values())))

    # Building.

    def _build_table(self) -> QTreeWidget:
        table = QTreeWidget()
        table.setAccessibleName(self.tr("Commands and their shortcuts"))
        table.setHeaderLabels([self.tr("Command"), self.tr("Shortcut"), self.tr("Second shortcut")])
        table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.header().setStretchLastSection(False)
        for section in (1, 2):
            table.header().setSectionResizeMode(section, QHeaderView.ResizeMode.ResizeToContents)
        table.setRootIsDecorated(False)
        table.setItemsExpandable(False)
        table.setIndentation(12)
        table.setUniformRowHeights(True)
        table.setAllColumnsShowFocus(True)
        table.setMinimumHeight(280)
        table.currentItemChanged.connect(bound(self._show_command))
        table.itemActivated.connect(lambda: self.fields[0].setFocus(Qt.FocusReason.TabFocusReason))
        self._groups: dict[str, tuple[QTreeWidgetItem, list[QTreeWidgetItem]]] = {}  # with their commands
        self._items: dict[str, QTreeWidgetItem] = {}
        for command in commands():
            if command.group not in self._groups:
                group = QTreeWidgetItem(table, [command.group])
                group.setFlags(Qt.ItemFlag.ItemIsEnabled)
                font = group.font(0)
                font.setBold(True)
                group.setFont(0, font)
                self._groups[command.group] = group, []
            group, items = self._groups[command.group]
            item = QTreeWidgetItem(group, [self._texts[command.name]])
            item.setData(0, _NAME, command.name)
            self._items[command.name] = item
            items.append(item)
        table.expandAll()
        return table

    def _build_fields(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.fields: list[QKeySequenceEdit] = []
        self.removes: list[QToolButton] = []
        for index, name in enumerate((self.tr("Shortcut"), self.tr("Second shortcut"))):
            field = QKeySequenceEdit()
            field.setMaximumSequenceLength(1)
            field.setAccessibleName(name)
            field.setToolTip(self.tr("Click here and press the new keys"))
            # Not keySequenceChanged, which tells of an empty sequence while a key is held.
            field.editingFinished.connect(bound(self._record, index))
            remove = QToolButton()
            remove.setIcon(icon("close", 12))
            remove.setToolTip(self.tr("Remove this shortcut"))
            remove.setAccessibleName(self.tr("Remove the {field}").format(field=name.lower()))
            remove.clicked.connect(bound(self._give_key, index, ""))
            self.fields.append(field)
            self.removes.append(remove)
            row.addWidget(field, 1)
            row.addWidget(remove)
        self.reset_one = QPushButton(self.tr("Reset"))
        self.reset_one.setToolTip(self.tr("Give this command its own shortcut back"))
        self.reset_all = QPushButton(self.tr("Reset all"))
        self.reset_all.setToolTip(self.tr("Give all commands their own shortcuts back"))
        for button, act in ((self.reset_one, self._reset_one), (self.reset_all, self._reset_all)):
            button.setAutoDefault(False)
            button.clicked.connect(bound(act))
            row.addWidget(button)
        return row

    def _build_notice(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.notice = label("", "")
        self.notice.setWordWrap(True)
        self.notice.setMinimumHeight(34)
        row.addWidget(self.notice, 1)
        self.take = QPushButton(self.tr("Use it here"))
        self.take.setAutoDefault(False)
        self.take.clicked.connect(bound(self._take))
        row.addWidget(self.take)
        return row

    # Showing.

    @property
    def command(self) -> str:
        """The name of the selected command; empty if there is none."""
        item = self.table.currentItem()
        return "" if item is None else str(item.data(0, _NAME) or "")

    def _fill(self) -> None:
        for name, item in self._items.items():
            keys = self._actions.keys_of(name)
            for index in range(MAX_KEYS):
                item.setText(index + 1, keys[index] if index < len(keys) else "")
            font = item.font(1)
            font.setBold(keys != self._defaults[name])
            item.setFont(1, font)
        self.reset_all.setEnabled(any(self._actions.keys_of(name) != own for name, own in self._defaults.items()))
        self._show_command()

    def _show_command(self) -> None:
        name = self.command
        self._wanted = None
        self.take.hide()
        self.notice.setText(self.tr("Click the first field and press the new keys.") if name else "")
        self.name.setText(self._texts.get(name, ""))
        keys = self._actions.keys_of(name) if name else ()
        for index, field in enumerate(self.fields):
            with QSignalBlocker(field):
                field.setKeySequence(QKeySequence(keys[index] if index < len(keys) else ""))
            field.setEnabled(bool(name) and index <= len(keys))
            self.removes[index].setEnabled(index < len(keys))
        self.reset_one.setEnabled(bool(name) and keys != self._defaults[name])

    def _filter(self, text: str) -> None:
        """Show the commands whose name or keys hold all words."""
        words = text.casefold().split()
        for group, items in self._groups.values():
            for item in items:
                content = " ".join(item.text(column) for column in range(MAX_KEYS + 1)).casefold()
                item.setHidden(not all(word in content for word in words))
            group.setHidden(all(item.isHidden() for item in items))
        current = self.table.currentItem()
        if current is None or current.isHidden():
            found = [item for item in self._items.values() if not item.isHidden()]
            if found:
                self.table.setCurrentItem(found[0])
            else:
                self.table.setCurrentIndex(QModelIndex())

    # Changing.

    def _record(self, index: int) -> None:
        """Take over the keys that were pressed in a field, unless something else has them."""
        name = self.command
        key = normal(self.fields[index].keySequence().toString(QKeySequence.SequenceFormat.PortableText))
        if not name or not key or key in self._actions.keys_of(name)[index : index + 1]:
            return
        refused = obstacle(key)
        other = taken_by(self._actions.shortcuts, name, key)
        if refused or other is not None:
            self._show_command()
            sentence = self.tr("“{key}” is the shortcut of “{command}”.")
            self.notice.setText(refused or sentence.format(key=key, command=self._texts[other or ""]))
            if other is not None:
                self._wanted = index, key
                self.take.show()
            return
        self._give_key(index, key)

    def _take(self) -> None:
        """Give a key of another command to the selected one."""
        if self._wanted is None:
            return
        index, key = self._wanted
        other = taken_by(self._actions.shortcuts, self.command, key)
        keys = dict(self._actions.shortcuts)
        if other is not None:
            keys[other] = tuple(each for each in keys[other] if each != key)
        self._give_key(index, key, keys)

    def _give_key(self, index: int, key: str, keys: Keys | None = None) -> None:
        """Exchange one of the selected command's shortcuts; an empty key removes it."""
        keys, name = dict(self._actions.shortcuts) if keys is None else keys, self.command
        places = [*keys[name][:index], key, *keys[name][index + 1 :]]
        keys[name] = tuple(dict.fromkeys(each for each in places if each))
        self._apply(keys)

    def _reset_one(self) -> None:
        """Give the selected command its default shortcuts; other commands that use them lose them."""
        own = self._defaults[self.command]
        keys = {name: tuple(key for key in each if key not in own) for name, each in self._actions.shortcuts.items()}
        self._apply({**keys, self.command: own})

    def _reset_all(self) -> None:
        self._apply(dict(self._defaults))

    def _apply(self, keys: Keys) -> None:
        self._actions.set_keys(keys)
        keep_keys(keys)
        self._fill()
