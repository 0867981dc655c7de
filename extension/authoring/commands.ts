/**
 * What writes code on request: a variant of the gallery inserted or opened, masks composed, a factory extracted. Each
 * reads the document as it is, and says in the status bar, or where it has to, why there is nothing to do.
 */
import * as vscode from "vscode";
import { GALLERY, type GalleryEntry } from "../../kernels/gallery/gallery.ts";
import { binary, cast } from "../../kernels/ir/expr.ts";
import { COMMANDS } from "../contributions.ts";
import { variantAt } from "../cursor.ts";
import type { Documents } from "../documents.ts";
import { type GalleryVariant, galleryVariantOf } from "../galleryVariant.ts";
import { placeOf } from "../listNode.ts";
import { locate, offsetAt, problemOf, type Reading } from "../reading.ts";
import { type Composed, compose, composedAt, isPartner, type Joint, ownPartners, type Partner } from "./compose.ts";
import { regionAt, write } from "./edits.ts";
import { extractFactory } from "./extractFactory.ts";
import type { Edit } from "./importEdit.ts";
import { insertVariant } from "./insertVariant.ts";
import { type Outline, outlineOf } from "./outline.ts";
import { pick, type Row } from "./pick.ts";

export function registerAuthoringCommands(documents: Documents): vscode.Disposable {
  const on = (command: string, run: (...args: unknown[]) => unknown): vscode.Disposable => vscode.commands.registerCommand(command, run);
  return vscode.Disposable.from(
    on(COMMANDS.openExample, async (file) => {
      const entry = entryOf(file) ?? (await pickExample("Open as a new file"));
      if (entry !== undefined) await openExample(documents, entry);
    }),
    on(COMMANDS.insertExample, (file) => insertExample(documents, entryOf(file))),
    on(COMMANDS.composeWith, () => composeWith(documents)),
    on(COMMANDS.extractFactory, () => extract(documents)),
  );
}

/** The example that an argument names: by its file, or as an entry of the gallery's list. */
function entryOf(argument: unknown): GalleryEntry | undefined {
  const place = placeOf(argument);
  const file = place?.kind === "example" ? place.file : argument;
  return GALLERY.find((entry) => entry.file === file);
}

/** Opens the example as a new file, with the cursor at what it is an example of. */
async function openExample(documents: Documents, entry: GalleryEntry): Promise<void> {
  const document = await vscode.workspace.openTextDocument({ language: "python", content: entry.text });
  const reading = documents.read(document);
  const main = reading?.module.variants.find(({ name }) => name === entry.main);
  const place = reading === null || main === undefined ? null : locate(reading, main.nameSpan);
  const start = place?.range.start;
  await vscode.window.showTextDocument(document, start === undefined ? {} : { selection: new vscode.Range(start, start) });
}

/** Where a command is to write. */
interface Place {
  readonly editor: vscode.TextEditor;
  readonly reading: Reading;
  readonly offset: number;
  readonly outline: Outline;
}

function placeOfCursor(documents: Documents): Place | null {
  const editor = vscode.window.activeTextEditor;
  const reading = editor === undefined ? null : documents.read(editor.document);
  const offset = editor === undefined || reading === null ? null : offsetAt(reading, editor.document, editor.selection.active);
  if (editor === undefined || reading === null || offset === null) return null;
  return { editor, reading, offset, outline: outlineOf(reading.sources[0]?.text ?? "") };
}

const galleryRow = (entry: GalleryEntry): Row<GalleryEntry> => ({
  label: entry.title,
  description: entry.paper === null ? "" : `arXiv:${entry.paper}`,
  detail: entry.description,
  pictured: () => galleryVariantOf(entry),
  value: entry,
});

const pickExample = (placeholder: string): Promise<GalleryEntry | undefined> =>
  pick(placeholder, [{ heading: "", rows: GALLERY.map(galleryRow) }]);

async function insertExample(documents: Documents, given: GalleryEntry | undefined): Promise<void> {
  if (placeOfCursor(documents) === null) {
    await say("There is no Python editor to write into. Open a Python file, or a notebook's cell, and place the cursor.");
    return;
  }
  const entry = given ?? (await pickExample("Insert at the cursor, between the definitions"));
  // While somebody chose, the text may have changed.
  const place = placeOfCursor(documents);
  if (entry === undefined || place === null) return;
  const { edits, name } = insertVariant(entry, place.outline, place.offset, regionAt(place.reading, place.offset));
  await writeOrSay(place.reading, edits, name);
}

async function composeWith(documents: Documents): Promise<void> {
  const first = maskAt(placeOfCursor(documents));
  if (first === null) {
    await say("There is no mask_mod at the cursor that can be composed. Put the cursor into one that the module or a factory defines.");
    return;
  }
  const { place, composed, shown } = first;
  const own = ownPartners(place.outline, place.reading.module, composed).map((variant): Row<Partner> => {
    const problem = problemOf(place.reading, variant);
    return { label: variant.name, pictured: () => ({ variant, problem }), value: { kind: "own", name: variant.name } };
  });
  const gallery = GALLERY.filter(isPartner).map((entry): Row<Partner> => ({ ...galleryRow(entry), value: { kind: "gallery", entry } }));
  const partner = await pick(`Compose \`${composed.name}\` with`, [
    { heading: "This file", rows: own },
    { heading: "Gallery", rows: gallery },
  ]);
  if (partner === undefined) return;
  const joint = await pickJoint(shown, partner, place.reading);
  const now = maskAt(placeOfCursor(documents));
  if (joint === undefined || now === null || now.composed.name !== composed.name) return;
  const made = compose(now.place.outline, now.composed, partner, joint, (offset) => regionAt(now.place.reading, offset));
  await writeOrSay(now.place.reading, made.edits, made.name);
}

/** The mask that the cursor is in, and its picture. */
function maskAt(place: Place | null): { readonly place: Place; readonly composed: Composed; readonly shown: GalleryVariant } | null {
  if (place === null) return null;
  const { reading, offset, outline } = place;
  const variant = variantAt(reading.module, reading.document, offset);
  const composed = variant === null ? null : composedAt(outline, variant, offset);
  if (variant === null || composed === null) return null;
  return { place, composed, shown: { variant, problem: problemOf(reading, variant) } };
}

/** `and` or `or`, each with the picture of what it would give. */
function pickJoint(shown: GalleryVariant, partner: Partner, reading: Reading): Promise<Joint | undefined> {
  const other =
    partner.kind === "own"
      ? reading.module.variants.find(({ name }) => name === partner.name)
      : (galleryVariantOf(partner.entry)?.variant ?? undefined);
  const of = (joint: Joint): GalleryVariant | null => {
    const [mine, theirs] = [shown.variant.maskMod, other?.maskMod];
    if (mine === null || theirs === null || theirs === undefined) return null;
    const body = binary(joint, cast(mine.body, "bool"), cast(theirs.body, "bool"));
    return { variant: { ...shown.variant, maskMod: { ...mine, body } }, problem: shown.problem };
  };
  return pick<Joint>("Allow a query to see a key where", [
    {
      heading: "",
      rows: [
        { label: "both allow it", description: "and_masks", pictured: () => of("and"), value: "and" },
        { label: "one of the two allows it", description: "or_masks", pictured: () => of("or"), value: "or" },
      ],
    },
  ]);
}

async function extract(documents: Documents): Promise<void> {
  const place = placeOfCursor(documents);
  const found =
    place === null
      ? null
      : extractFactory(place.outline, place.offset, variantAt(place.reading.module, place.reading.document, place.offset));
  if (place === null || found === null) {
    await say(
      "There is no mod with numbers of its own at the cursor. Put the cursor into a `def` or `lambda` of a mod that has a number other than 0 and 1, or into a method that reads `self`.",
    );
    return;
  }
  await writeOrSay(place.reading, found.edits, found.factory);
}

/** Writes it, or says that it could not be. */
async function writeOrSay(reading: Reading, edits: readonly Edit[], name: string): Promise<void> {
  if (await write(reading, edits, name)) return;
  await say(`Nothing was written: \`${reading.title}\` is read-only, or changed in the meantime. Try again in a file that can be edited.`);
}

const say = async (text: string): Promise<void> => {
  await vscode.window.showInformationMessage(text);
};
