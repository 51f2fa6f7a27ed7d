import assert from 'node:assert/strict';
import {
  type CodeLens,
  commands,
  DiagnosticSeverity,
  type Hover,
  languages,
  type MarkdownString,
  Position,
  Range,
  type TextDocument,
  Uri,
  WorkspaceEdit,
  window,
  workspace,
} from 'vscode';
import { announce, realAgent, writePipeline } from './agent-place.ts';
import { api, extension, signIn, untilConnection } from './lakewarden.ts';
import { until } from './until.ts';

const CHECK_MS_MAX = 60_000;

describe('a pipeline file in the editor', () => {
  let document: TextDocument;

  before(async () => {
    await extension().activate();
    announce(realAgent());
    if (api().models.connection.state.kind !== 'connected') await signIn();
    await untilConnection('connected');
    await until('datasets', () => api().models.lake.isLoaded && api().models.lake.datasets.size > 20);
    document = await workspace.openTextDocument(Uri.file(writePipeline()));
    await window.showTextDocument(document);
  });
  after(() => commands.executeCommand('workbench.action.closeAllEditors'));

  /** Line of the dataset `name` of a layer. */
  function lineOf(layer: string, name: string): number {
    const lines = document.getText().split('\n');
    const from = lines.indexOf(`${layer}:`);
    const at = lines.findIndex((line, index) => index > from && line.startsWith(`  ${name}:`));
    assert.ok(at > 0, `${layer}.${name} is not in the file`);
    return at;
  }

  it('has above each dataset how it is, and what can be done about it', async () => {
    const lenses = await until('lenses', async () => {
      const found = await commands.executeCommand<CodeLens[]>('vscode.executeCodeLensProvider', document.uri);
      return found.length > 50 ? found : undefined;
    });
    const line = lineOf('silver', 'orders');
    const titles = lenses
      .filter(({ range }) => range.start.line === line)
      .map(({ command }) => command?.title);
    assert.match(titles[0] ?? '', /fresh/);
    assert.deepEqual(titles.slice(1), ['plan a backfill', 'open lineage', 'first 100 rows']);
  });

  it('tells the health of a dataset that the mouse is over', async () => {
    const place = new Position(lineOf('silver', 'orders'), 3);
    const text = await until('a hover', async () => {
      const hovers = await commands.executeCommand<Hover[]>(
        'vscode.executeHoverProvider',
        document.uri,
        place,
      );
      const texts = hovers.flatMap(({ contents }) => contents as MarkdownString[]).map(({ value }) => value);
      return texts.find((value) => value.includes('silver.orders'));
    });
    assert.match(text, /fresh/);
    assert.match(text, /=/, 'the accounting');
  });

  it("is checked by the agent's own validator when it is opened and saved", async () => {
    const problems = () =>
      languages.getDiagnostics(document.uri).filter(({ source }) => source === 'lakewarden');
    assert.deepEqual(problems(), []);
    const line = document
      .getText()
      .split('\n')
      .findIndex((text) => text.includes('unit_price_not_negative: unit_price >= 0'));
    const old = document.lineAt(line).text;
    await replaceLine(line, old.replace('unit_price >=', 'unit_prise >='));
    const [problem] = await until(
      'a problem',
      () => (problems().length > 0 ? problems() : undefined),
      CHECK_MS_MAX,
    );
    assert.match(problem?.message ?? '', /unit_prise/);
    assert.equal(problem?.severity, DiagnosticSeverity.Error);
    assert.equal(problem?.range.start.line, line);
    await replaceLine(line, old);
    await until('no problem', () => problems().length === 0, CHECK_MS_MAX);
  });

  async function replaceLine(line: number, text: string): Promise<void> {
    const edit = new WorkspaceEdit();
    edit.replace(document.uri, new Range(line, 0, line, document.lineAt(line).text.length), text);
    assert.ok(await workspace.applyEdit(edit));
    assert.ok(await document.save());
  }
});
