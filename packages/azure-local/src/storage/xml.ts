const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

// XML 1.0, production 2: these can not be written in a document, escaped or not.
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** `<Name>`; percent-encoded and marked so where XML can not carry it ("List Blobs", REST version 2021-02-12). */
export function nameElement(name: string): string {
  return UNWRITABLE.test(name)
    ? `<Name Encoded="true">${encodeURIComponent(name)}</Name>`
    : `<Name>${escapeXml(name)}</Name>`;
}

/** Reads the ids of a Put Block List body in order, or undefined when it is not such a document. */
export function parseBlockList(
  xml: string,
): { source: 'Latest' | 'Committed' | 'Uncommitted'; id: string }[] | undefined {
  const [, inner] = /<BlockList\s*>([\s\S]*)<\/BlockList\s*>\s*$/.exec(xml) ?? [];
  if (inner === undefined) return /<BlockList\s*\/>\s*$/.test(xml) ? [] : undefined;
  const entries: { source: 'Latest' | 'Committed' | 'Uncommitted'; id: string }[] = [];
  const rest = inner.replace(
    /<(Latest|Committed|Uncommitted)\s*>([^<]*)<\/\1\s*>/g,
    (_all, source, id: string) => {
      entries.push({ source: source as 'Latest', id: unescapeXml(id.trim()) });
      return '';
    },
  );
  return rest.trim() === '' ? entries : undefined;
}

function unescapeXml(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (entity) => {
    const found = Object.entries(ESCAPES).find(([, escaped]) => escaped === entity);
    return found?.[0] ?? entity;
  });
}
