import type { FrameLocator, Locator, Page } from 'playwright-core';

export type ViewTitle = 'Layers' | 'Runs & Backfills' | 'Incidents' | 'Sources & Lag' | 'Runbooks';

const SEEN_MS_MAX = 30_000;
const MENU_CLICKS_MAX = 5;
const MENU_CLOSES_MS_MAX = 2_000;
const SCROLL_PX = 150;
const SCROLLED_MS = 150;

/** What a person does with eyes, mouse and keyboard; it knows the workbench, and of the extension only its words. */
export class Hands {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    page.setDefaultTimeout(SEEN_MS_MAX);
  }

  get sidebar(): Locator {
    return this.#page.locator('.part.sidebar');
  }

  get editors(): Locator {
    return this.#page.locator('.part.editor');
  }

  async openSidebar(): Promise<void> {
    const tab = this.#page.locator('.activitybar').getByRole('tab', { name: /^Lakewarden/ });
    if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
    await this.#page.locator('.sidebar .pane-header').first().waitFor();
  }

  /** Opens the view when it is folded. */
  async openView(title: ViewTitle): Promise<void> {
    const header = this.header(title);
    await header.waitFor();
    if ((await header.getAttribute('aria-expanded')) !== 'true') await header.click();
  }

  /** Folds the view, so that others have room. */
  async closeView(title: ViewTitle): Promise<void> {
    const header = this.header(title);
    if ((await header.getAttribute('aria-expanded')) === 'true') await header.click();
  }

  header(title: ViewTitle): Locator {
    return this.#page.locator('.sidebar .pane-header', { hasText: title }).first();
  }

  view(title: ViewTitle): Locator {
    const header = this.#page.locator('.pane-header', { hasText: title });
    return this.#page.locator('.sidebar .pane', { has: header });
  }

  /** A row by what is spoken of it. */
  row(title: ViewTitle, spoken: RegExp): Locator {
    return this.view(title).getByRole('treeitem', { name: spoken }).first();
  }

  /** Scrolls until the row is seen, from the top again when it was not; the tree draws only what is seen. */
  async reach(title: ViewTitle, spoken: RegExp, waitMsMax = SEEN_MS_MAX): Promise<Locator> {
    const row = this.row(title, spoken);
    const tree = this.view(title).getByRole('tree');
    const deadlineMs = performance.now() + waitMsMax;
    let down = true;
    while (performance.now() < deadlineMs) {
      if (await row.isVisible()) return row;
      const [last] = (await tree.getByRole('treeitem').allTextContents()).slice(-1);
      await this.#wheel(tree, down ? SCROLL_PX : -100 * SCROLL_PX);
      const [now] = (await tree.getByRole('treeitem').allTextContents()).slice(-1);
      down = !down || now !== last;
    }
    throw new Error(`${title} never had a row ${spoken}; it has\n${await tree.innerText()}`);
  }

  async #wheel(over: Locator, byPx: number): Promise<void> {
    const box = await over.boundingBox();
    if (box !== null) await this.#page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await this.#page.mouse.wheel(0, byPx);
    await this.#page.waitForTimeout(SCROLLED_MS);
  }

  /** Opens a row that has others below it. */
  async unfold(row: Locator): Promise<void> {
    await row.waitFor();
    if ((await row.getAttribute('aria-expanded')) !== 'false') return;
    await row.locator('.monaco-tl-twistie').click();
  }

  /** A button that a row shows when the mouse is over it. */
  async pressOnRow(row: Locator, button: RegExp): Promise<void> {
    await row.scrollIntoViewIfNeeded();
    await row.hover();
    await row.getByRole('button', { name: button }).click();
  }

  /** An entry of the menu of a row. */
  async chooseOnRow(row: Locator, entry: RegExp): Promise<void> {
    await row.scrollIntoViewIfNeeded();
    await row.click({ button: 'right' });
    const item = this.#page.getByRole('menuitem', { name: entry }).first();
    await item.waitFor();
    // A menu that has just opened takes no click yet, so that the one that opened it chooses nothing.
    for (let clicks = 0; clicks < MENU_CLICKS_MAX; clicks++) {
      await item.click();
      const closed = item.waitFor({ state: 'hidden', timeout: MENU_CLOSES_MS_MAX });
      const isOpen = await closed.then(
        () => false,
        () => true,
      );
      if (!isOpen) return;
    }
    throw new Error(`the menu stays open although ${entry} was clicked ${MENU_CLICKS_MAX} times`);
  }

  /** A command of the palette, by its whole title. */
  async run(title: string): Promise<void> {
    await this.#page.keyboard.press('F1');
    await this.#input().fill(`>Lakewarden: ${title}`);
    await this.option(new RegExp(`^Lakewarden: ${title.replace(/[.…()]/g, '.')}`)).waitFor();
    await this.#page.keyboard.press('Enter');
  }

  /** Says yes or no to what is asked in the list at the top. */
  async choose(option: RegExp): Promise<void> {
    await this.option(option).click();
  }

  option(name: RegExp): Locator {
    return this.#page.locator('.quick-input-widget').getByRole('option', { name }).first();
  }

  /** What is asked above the box at the top. */
  question(text: RegExp): Locator {
    return this.#page.locator('.quick-input-widget').getByText(text).first();
  }

  async type(text: string): Promise<void> {
    await this.#input().fill(text);
    await this.#page.keyboard.press('Enter');
  }

  #input(): Locator {
    return this.#page.locator('.quick-input-widget input').first();
  }

  /** What stands above the text in front, as a link. */
  async pressInEditor(lens: RegExp): Promise<void> {
    await this.#page.locator('.codelens-decoration a', { hasText: lens }).first().click();
  }

  /** What cannot be overlooked: the text, and a button of it. */
  get dialog(): Locator {
    return this.#page.locator('.monaco-dialog-box');
  }

  async press(button: string): Promise<void> {
    await this.dialog.getByRole('button', { name: button, exact: true }).click();
    await this.dialog.waitFor({ state: 'hidden' });
  }

  get toasts(): Locator {
    return this.#page.locator('.notification-toast');
  }

  tab(title: RegExp): Locator {
    return this.#page.locator('.tabs-container').getByRole('tab', { name: title });
  }

  /** The text of the editor in front, as far as it is drawn; rows of it in order. */
  async editorText(): Promise<string> {
    const lines = this.#page.locator('.editor-instance .view-lines').last().locator('.view-line');
    const drawn = await lines.evaluateAll((elements) =>
      elements
        .map((element) => ({
          top: Number.parseFloat((element as unknown as { style: { top: string } }).style.top),
          text: element.textContent ?? '',
        }))
        .sort((a, b) => a.top - b.top)
        .map(({ text }) => text),
    );
    return drawn.join('\n').replaceAll('\u00a0', ' ');
  }

  async untilEditorSays(text: RegExp): Promise<string> {
    const deadlineMs = performance.now() + SEEN_MS_MAX;
    let last = '';
    while (performance.now() < deadlineMs) {
      last = await this.editorText();
      if (text.test(last)) return last;
      await this.#page.waitForTimeout(100);
    }
    throw new Error(`the editor never said ${text}; it says\n${last}`);
  }

  /** The page of the extension that is in front. */
  get webview(): FrameLocator {
    return this.#page.frameLocator('iframe.webview.ready').last().frameLocator('#active-frame');
  }

  statusBar(text: RegExp): Locator {
    return this.#page.locator('.statusbar-item', { hasText: text }).first();
  }

  async closeAllEditors(): Promise<void> {
    await this.#page.keyboard.press('F1');
    await this.#input().fill('>View: Close All Editors');
    await this.option(/^View: Close All Editors/).waitFor();
    await this.#page.keyboard.press('Enter');
  }
}
