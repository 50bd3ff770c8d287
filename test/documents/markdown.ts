/** Reads the documents of the project: code fences, tables, links, and headings. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/server.ts";

/** All documents, as paths below the top folder. */
export const DOCUMENTS: readonly string[] = ["", "docs", "bench"].flatMap((folder) =>
  readdirSync(join(ROOT, folder)).filter((file) => file.endsWith(".md")).map((file) => join(folder, file))
);

/** A code fence. */
export interface Fence {
  /** The word behind the opening backticks, "" if none. */
  readonly language: string;
  readonly text: string;
}

const FENCE = /^( *)```(\w*)\n(.*?)^\1```$/gms;

/** Returns the text of a document. */
export function read(document: string): string {
  return readFileSync(join(ROOT, document), "utf8");
}

/** Returns the code fences of a document, of one language if given. */
export function fencesOf(document: string, language?: string): Fence[] {
  return [...read(document).matchAll(FENCE)]
    .map(([, indent, language, text]) => ({ language: language!, text: text!.replaceAll(`\n${indent}`, "\n").trim() }))
    .filter((fence) => language === undefined || fence.language === language);
}

/** Returns the only code fence of a document that contains a text. */
export function fenceWith(document: string, text: string): string {
  const found = fencesOf(document).filter((fence) => fence.text.includes(text));
  if (found.length !== 1) throw new Error(`${document} has ${found.length} code fences with ${JSON.stringify(text)}`);
  return found[0]!.text;
}

/** Returns a document without its code fences. */
export function proseOf(document: string): string {
  return read(document).replaceAll(FENCE, "");
}

/** Returns the part of a document under a heading, up to the next heading of the same or a higher level. */
export function section(document: string, heading: string): string {
  const text = read(document);
  const [start, level = ""] = new RegExp(`^(#+) ${heading}$`, "m").exec(text) ?? [];
  if (start === undefined) throw new Error(`${document} has no section ${heading}`);
  const rest = text.slice(text.indexOf(start) + start.length);
  const end = rest.search(new RegExp(`^#{1,${level.length}} `, "m"));
  return end < 0 ? rest : rest.slice(0, end);
}

/** Returns the rows of the first table in a text, without its heading. */
export function tableRows(text: string): string[][] {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => line.startsWith("|"));
  const length = lines.slice(first).findIndex((line) => !line.startsWith("|"));
  return lines.slice(first, first + length).slice(2).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  );
}

/** Returns the targets of all links and images of a document. */
export function linksOf(document: string): string[] {
  return [...proseOf(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
}

/** Returns the anchors of the headings of a document, as GitHub makes them. */
export function anchorsOf(document: string): string[] {
  const anchors: string[] = [];
  for (const [, heading] of proseOf(document).matchAll(/^#+ (.+)$/gm)) {
    const text = heading!.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
    const anchor = text.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(/\s/g, "-");
    const earlier = anchors.filter((other) => other.replace(/-\d+$/, "") === anchor).length;
    anchors.push(earlier === 0 ? anchor : `${anchor}-${earlier}`);
  }
  return anchors;
}
