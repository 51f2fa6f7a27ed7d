import type { Option } from './verb.ts';

export const LAKE: Option = {
  name: 'lake',
  kind: 'path',
  placeholder: 'DIR',
  about: 'folder of the lake (default .lakewarden)',
};
export const JSON_OUT: Option = {
  name: 'json',
  kind: 'switch',
  about: 'one JSON document on stdout, nothing else',
};
export const WATCH: Option = { name: 'watch', kind: 'switch', about: 'stay and show it as it changes' };

/** Of every verb that asks an agent. */
export const AGENT: readonly Option[] = [
  LAKE,
  {
    name: 'agent',
    kind: 'text',
    placeholder: 'URL',
    about: 'another agent than that of the lake (LAKEWARDEN_AGENT)',
  },
  {
    name: 'token-file',
    kind: 'path',
    placeholder: 'FILE',
    about: 'file with its token (LAKEWARDEN_TOKEN_FILE)',
  },
];
