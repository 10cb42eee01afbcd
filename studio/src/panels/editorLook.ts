/** How code looks: the tokens of the studio, so that both themes have their colors. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const frame = EditorView.theme({
  "&": { backgroundColor: "var(--s2)", color: "var(--text)", fontSize: "12px", height: "100%" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--accent)" },
  ".cm-cursor": { borderLeftColor: "var(--accent)" },
  ".cm-gutters": { backgroundColor: "var(--s2)", color: "var(--text3)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--accent) 9%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 30%, transparent)",
  },
  ".cm-content ::selection": { color: "inherit", backgroundColor: "transparent" },
  ".cm-matchingBracket": { backgroundColor: "var(--accent-fill)", color: "var(--text)", outline: "1px solid var(--control)" },
  ".cm-selectionMatch": { backgroundColor: "var(--accent-fill)" },
  ".cm-panels, .cm-tooltip": { backgroundColor: "var(--s3)", color: "var(--text)", border: "1px solid var(--line)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-panel input, .cm-panel button": { backgroundColor: "var(--s1)", backgroundImage: "none", color: "var(--text)", border: "1px solid var(--control)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--error)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--s3)", color: "var(--text2)", border: "none" },
});

const words = HighlightStyle.define([
  { tag: [tags.keyword, tags.controlKeyword, tags.operatorKeyword, tags.definitionKeyword, tags.moduleKeyword], color: "var(--port-features)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--ok)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--trainable)" },
  { tag: tags.comment, color: "var(--text3)", fontStyle: "italic" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.definition(tags.function(tags.variableName))], color: "var(--accent)" },
  { tag: [tags.className, tags.definition(tags.className), tags.typeName], color: "var(--port-image)" },
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: "var(--accent)" },
  { tag: tags.meta, color: "var(--text2)" },
  { tag: tags.invalid, color: "var(--error)" },
]);

export const editorLook = [frame, syntaxHighlighting(words)];
