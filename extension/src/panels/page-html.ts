export interface PageAssets {
  readonly title: string;
  /** As the page may load it. */
  readonly script: string;
  readonly style: string;
  /** Where such files come from, for the content security policy. */
  readonly cspSource: string;
  readonly nonce: string;
}

/**
 * The whole document of a page: one script of ours by its nonce, one style sheet, no inline handlers, nothing from
 * elsewhere. Its worker is made from a blob of its own script.
 */
export function pageHtml({ title, script, style, cspSource, nonce }: PageAssets): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource}`,
    `font-src ${cspSource}`,
    'img-src data:',
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${attribute(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${attribute(style)}">
<title>${attribute(title)}</title>
</head>
<body>
<div id="page"></div>
<script nonce="${attribute(nonce)}" src="${attribute(script)}"></script>
</body>
</html>
`;
}

function attribute(text: string): string {
  return text.replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`);
}
