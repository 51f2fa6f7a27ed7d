import { expect, it } from 'vitest';
import { pageHtml } from './page-html.ts';

it('allows one script, one style sheet and a worker, and nothing else', () => {
  const html = pageHtml({
    title: 'Lineage "<of> & all"',
    nonce: 'abc123',
    cspSource: 'https://file+.vscode-resource.vscode-cdn.net',
    scriptUri: 'https://host/lineage.js?a="><script>alert(1)</script>',
    styleUri: 'https://host/lineage.css',
  });
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1];
  expect(policy).toBe(
    "default-src 'none'; script-src 'nonce-abc123'; style-src https://file+.vscode-resource.vscode-cdn.net; worker-src blob:; base-uri 'none'; form-action 'none'",
  );
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(html).toContain('<title>Lineage &quot;&lt;of&gt; &amp; all&quot;</title>');
  expect(html).not.toMatch(/ on\w+=| style=|unsafe/);
});
