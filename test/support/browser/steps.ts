/**
 * Steps of a person's way through the pages: each is timed, leaves a picture when it fails, and pictures for the
 * documents where SCREENSHOTS names a folder for them.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Page } from 'playwright-core';

import { keepPicture } from './lab';

/** Where the documents' pictures go; only `npm run docs:screenshots:first-hour` sets it. */
const PICTURES = process.env.SCREENSHOTS;
/** n8n draws with animations. */
const SETTLE_MS = 1_200;
const MS_PER_SECOND = 1_000;

export class Steps {
	readonly times: { name: string; seconds: number }[] = [];

	/** Runs a step; one that failed is tried a second time by the test runner and counts as a whole. */
	async take<T>(page: Page, name: string, step: () => Promise<T>): Promise<T> {
		const startedMs = Date.now();
		try {
			const result = await step();
			this.add(name, Date.now() - startedMs);
			return result;
		} catch (error) {
			const path = await keepPicture(page, name).catch(() => null);
			if (path) process.stderr.write(`What the page showed when "${name}" failed: ${path}\n`);
			throw error;
		}
	}

	add(name: string, durationMs: number): void {
		this.times.push({ name, seconds: durationMs / MS_PER_SECOND });
	}

	/** One line a step, and the sum. */
	table(): string {
		const lines = this.times.map(
			({ name, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${name}`,
		);
		const sum = this.times.reduce((total, { seconds }) => total + seconds, 0);
		return [...lines, `${sum.toFixed(1).padStart(7)} s  in all`, ''].join('\n');
	}
}

/** A picture for the documents, where they are being made. */
export async function picture(page: Page, file: string): Promise<void> {
	if (!PICTURES) return;
	await mkdir(PICTURES, { recursive: true });
	await page.waitForTimeout(SETTLE_MS);
	await page.screenshot({ path: join(PICTURES, file) });
}
