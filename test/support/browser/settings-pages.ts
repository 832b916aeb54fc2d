/** n8n's pages outside the editor: sign-in and Settings > Community nodes. Owns their selectors. */
import type { Page } from 'playwright-core';

/** npm on a busy machine. */
const NPM_MS = 180_000;

export async function logIn(page: Page, owner: { email: string; password: string }): Promise<void> {
	await page.goto('/signin');
	await page.locator('input[type=email]').fill(owner.email);
	await page.locator('input[type=password]').fill(owner.password);
	await page.keyboard.press('Enter');
	await page.waitForURL(/home|workflow/);
}

export class CommunityNodesPage {
	constructor(private readonly page: Page) {}

	async open(): Promise<void> {
		await this.page.goto('/settings/community-nodes');
		await this.page.getByRole('button', { name: /^Install/ }).waitFor();
	}

	/** The line of an installed package. */
	card(name: string) {
		return this.page.getByTestId('community-package-card').filter({ hasText: name });
	}

	/** Types the name and ticks the box of the risk, up to the last button. */
	async fillIn(name: string): Promise<void> {
		await this.page.getByRole('button', { name: /^Install/ }).click();
		const input = this.page.getByTestId('package-name-input');
		await input.locator('input').or(input).last().fill(name);
		await this.page.getByTestId('user-agreement-checkbox').click();
	}

	async install(name: string): Promise<void> {
		const button = this.page.getByTestId('install-community-package-button');
		await button.click();
		await button.waitFor({ state: 'detached', timeout: NPM_MS });
		await this.card(name).waitFor();
	}

	/** Presses Update, which is there when the registry has a newer version; resolves when the card names that one. */
	async update(name: string, version: string): Promise<void> {
		await this.card(name).getByRole('button', { name: 'Update' }).click();
		await this.confirm(/update/i);
		await this.card(name).getByText(`v${version}`).waitFor({ timeout: NPM_MS });
	}

	async uninstall(name: string): Promise<void> {
		await this.card(name).getByTestId('action-toggle').getByRole('button').click();
		await this.page.getByRole('menuitem', { name: 'Uninstall package' }).click();
		await this.confirm(/uninstall/i);
		await this.card(name).waitFor({ state: 'detached', timeout: NPM_MS });
	}

	private async confirm(label: RegExp): Promise<void> {
		await this.page.getByRole('dialog').getByRole('button', { name: label }).click();
	}
}
