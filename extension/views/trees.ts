/** VS Code's trees of the entries of node.ts: an item of each, its hover made when it is asked for. */
import * as vscode from "vscode";
import type { Icon, TreeNode } from "../listNode.ts";

export interface Tree extends vscode.Disposable {
  readonly view: vscode.TreeView<TreeNode>;
  /** Builds the entries anew when they are next seen. */
  refresh(): void;
}

/** Edge of the picture on hover, CSS pixels. */
const PICTURE_EDGE = 128;

/** The tree of the view `id`, whose entries `build` gives; `selects`: how many of them at a time. */
export function createTree(id: string, build: () => readonly TreeNode[], selects: "one" | "many" = "one"): Tree {
  const changed = new vscode.EventEmitter<void>();
  const view = vscode.window.createTreeView<TreeNode>(id, {
    showCollapseAll: true,
    canSelectMany: selects === "many",
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      getChildren: (node) => [...(node?.children ?? build())],
      getTreeItem: itemOf,
      resolveTreeItem: (item, node) => {
        item.tooltip = tooltipOf(node);
        return item;
      },
    },
  });
  return {
    view,
    refresh: () => changed.fire(),
    dispose() {
      view.dispose();
      changed.dispose();
    },
  };
}

function itemOf(node: TreeNode): vscode.TreeItem {
  const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(node.label, node.children.length === 0 ? None : node.isOpen ? Expanded : Collapsed);
  item.id = node.id;
  item.description = node.description;
  item.contextValue = node.context;
  item.accessibilityInformation = { label: node.spoken, role: "treeitem" };
  item.iconPath = iconOf(node.icon);
  if (node.icon.kind === "file") item.resourceUri = vscode.Uri.parse(node.icon.uri, true);
  if (node.command !== null) item.command = { title: node.label, command: node.command.command, arguments: [...node.command.arguments] };
  return item;
}

export function iconOf(icon: Icon): vscode.IconPath {
  switch (icon.kind) {
    case "picture":
      return { light: vscode.Uri.parse(icon.light, true), dark: vscode.Uri.parse(icon.dark, true) };
    case "file":
      return vscode.ThemeIcon.File;
    case "named":
      return icon.colour === null ? new vscode.ThemeIcon(icon.name) : new vscode.ThemeIcon(icon.name, new vscode.ThemeColor(icon.colour));
  }
}

function tooltipOf({ icon, label, details }: TreeNode): vscode.MarkdownString {
  const { Light, HighContrastLight } = vscode.ColorThemeKind;
  const { kind } = vscode.window.activeColorTheme;
  const tooltip = new vscode.MarkdownString();
  tooltip.supportHtml = true;
  if (icon.kind === "picture") {
    const picture = kind === Light || kind === HighContrastLight ? icon.light : icon.dark;
    tooltip.appendMarkdown(`<img alt="" src="${picture}" width="${PICTURE_EDGE}">\n\n`);
  }
  tooltip.appendText([label, ...details].join("\n\n"));
  return tooltip;
}
