/** Shapes of what must never leave (I17): keys, signatures and tokens as they stand in URLs, headers and connection strings. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/\b(sig|code|access_token|client_secret)=[^&\s"'<>]+/gi, '$1=•••'],
  [
    /\b(SharedAccessKey|AccountKey|SharedAccessSignature|password|pwd|secret)("?\s*[=:]\s*"?)[^;&\s"',}]+/gi,
    '$1$2•••',
  ],
  [/\bBearer\s+[\w.~+/=-]+/gi, 'Bearer •••'],
  [/\beyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)*/g, '•••'],
  [/\blw1\.[\w-]+(?:\.[\w-]*)?/g, '•••'],
  [/(:\/\/)[^/\s:@]+:[^/\s@]+@/g, '$1•••@'],
];

/** The text with what looks like a secret replaced; for words that we did not choose, such as those of an unknown error. */
export function redactSecrets(text: string): string {
  return SECRETS.reduce((left, [shape, instead]) => left.replace(shape, instead), text);
}
