import assert from 'node:assert/strict';
import { extensions } from 'vscode';

describe('the extension', () => {
  it('is there', () => {
    assert.ok(extensions.getExtension('lakewarden.lakewarden-vscode'));
  });
});
