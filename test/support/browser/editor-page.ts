/** n8n's workflow editor: the canvas, the nodes panel, a node's own page. Owns their selectors. */
import type { Locator, Page } from 'playwright-core';

/** A run in the stand-in takes a second or two; the rest is for a busy machine. */
const RUN_MS = 120_000;

export class EditorPage {
	constructor(private readonly page: Page) {}

	/** An empty workflow with the nodes panel open. */
	async openNew(): Promise<void> {
		await this.page.goto('/workflow/new');
		await this.page.getByTestId('canvas-add-button').click();
		await this.searchBar().waitFor();
	}

	async open(workflowId: string): Promise<void> {
		await this.page.goto(`/workflow/${workflowId}`);
		await this.page.getByTestId('canvas-node').first().waitFor();
	}

	/** Types into the nodes panel; resolves when it has found all of these. The list follows the word with a delay. */
	async search(word: string, ...expected: string[]): Promise<void> {
		await this.searchBar().fill(word);
		for (const name of expected) await this.found(name).first().waitFor();
	}

	/** Puts a node of n8n's own on the canvas. */
	async addCoreNode(word: string, name: string): Promise<void> {
		await this.searchBar().fill(word);
		await this.found(name).first().click();
		await this.canvasNodes().first().waitFor();
	}

	/**
	 * Adds one of our nodes after the last one on the canvas, which opens its page. n8n shows community nodes' details
	 * first (and does not let them be dragged); there it lists the operations, or just a button.
	 */
	async addOurNode(name: string, operation?: string): Promise<void> {
		await this.dismissTips();
		await this.page.getByTestId('canvas-handle-plus').first().click();
		await this.search('comfyui', name);
		await this.found(name).first().click();
		if (operation) await this.page.getByText(operation, { exact: true }).first().click();
		else await this.page.getByRole('button', { name: 'Add to workflow' }).click();
		await this.parameters().waitFor();
	}

	/** n8n's own tips lie over what is to be clicked. */
	async dismissTips(): Promise<void> {
		const tip = this.page.getByRole('button', { name: 'Got it' });
		if (await tip.isVisible()) await tip.click();
	}

	canvasNodes(): Locator {
		return this.page.getByTestId('canvas-node');
	}

	/** Opens a node's page, if it is not open already. */
	async openNode(name: string): Promise<void> {
		if (await this.parameters().isVisible()) return;
		await this.canvasNodes().filter({ hasText: name }).first().dblclick();
		await this.parameters().waitFor();
	}

	parameters(): Locator {
		return this.page.getByTestId('node-parameters');
	}

	async fill(parameter: string, text: string): Promise<void> {
		const field = this.page.getByTestId(`parameter-input-${parameter}`);
		await field.locator('textarea, input').first().fill(text);
	}

	/** The text in a field that has a list, however it got there. */
	listField(parameter: string): Locator {
		const field = this.page.getByTestId(`resource-locator-${parameter}`);
		return field.getByTestId('rlc-input-container').locator('input');
	}

	/** Opens the list of a field, and chooses the first entry with this text. */
	async choose(parameter: string, text: string): Promise<void> {
		await this.listField(parameter).click();
		await this.page.getByTestId('rlc-item').filter({ hasText: text }).first().click();
	}

	/** Runs the opened node (and those before it); resolves with its output pane when items are there. */
	async executeStep(): Promise<Locator> {
		await this.page.getByTestId('node-execute-button').first().click();
		const output = this.page.getByTestId('output-panel');
		await output
			.getByText(/1 item/)
			.first()
			.waitFor({ timeout: RUN_MS });
		return output;
	}

	/** Runs the whole workflow; resolves when so many of its nodes have succeeded. */
	async executeWorkflow(nodes: number): Promise<void> {
		await this.page.getByTestId('execute-workflow-button').first().click();
		const succeeded = this.page.getByTestId('canvas-node-status-success');
		await succeeded.nth(nodes - 1).waitFor({ timeout: RUN_MS });
	}

	async showOutputAs(view: 'Schema' | 'Table' | 'JSON' | 'Binary'): Promise<void> {
		await this.page.getByTestId('output-panel').getByText(view, { exact: true }).click();
	}

	private searchBar(): Locator {
		return this.page.getByTestId('node-creator-search-bar');
	}

	private found(name: string): Locator {
		return this.page.getByTestId('node-creator-item-name').filter({ hasText: name });
	}
}

/** The dialog in which a credential is made. */
export class CredentialDialog {
	constructor(private readonly page: Page) {}

	/** Whether the opened node has no such credential yet, and offers to make one. */
	async isOffered(type: string): Promise<boolean> {
		const chosen = this.page.getByTestId('credential-edit-button');
		await this.offer(type).or(chosen).first().waitFor();
		return await this.offer(type).isVisible();
	}

	/** A new one; where an earlier try has made it already, that one, as the last of the node. */
	async openFor(type: string): Promise<void> {
		if (await this.isOffered(type)) await this.offer(type).click();
		else await this.page.getByTestId('credential-edit-button').last().click();
		await this.dialog().waitFor();
	}

	/** Opens the credential that the opened node has. */
	async openChosen(): Promise<void> {
		await this.page.getByTestId('credential-edit-button').first().click();
		await this.dialog().waitFor();
	}

	async fill(field: string, text: string): Promise<void> {
		const input = this.dialog().getByTestId(`parameter-input-${field}`);
		await input.locator('textarea, input').first().fill(text);
	}

	/** Saves, upon which n8n tests it and closes the dialog if the test passes. */
	async saveWorking(): Promise<void> {
		await this.save();
		await this.dialog().waitFor({ state: 'detached' });
	}

	/** Saves one whose test must fail. @returns what the dialog says */
	async saveFailing(): Promise<string> {
		await this.save();
		await this.dialog().getByText('More details').click();
		return await this.dialog().innerText();
	}

	/** n8n tests a credential that it opens. */
	async waitForSuccess(): Promise<void> {
		await this.page.getByTestId('credentials-config-container-test-success').waitFor();
	}

	/** n8n may close the node's page with it. */
	async close(): Promise<void> {
		await this.page.keyboard.press('Escape');
		await this.dialog().waitFor({ state: 'detached' });
	}

	dialog(): Locator {
		return this.page.getByTestId('editCredential-modal');
	}

	private offer(type: string): Locator {
		return this.page.getByRole('button', { name: `Connect to ${type}`, exact: true });
	}

	private async save(): Promise<void> {
		await this.page.getByTestId('credential-save-button').click();
	}
}
