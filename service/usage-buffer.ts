/**
 * Usage rows on their way to the store. Owns that a database that is away for a while delays nobody and loses nothing:
 * rows are kept and written when it is back, once each, and what could not be written is said.
 */
import { RouterError } from '../lib/errors';
import type { Clock, UsageStore } from '../lib/ports';
import type { UsageReceipt, UsageRow } from '../lib/usage/types';
import { within } from './within';

export type UsageWritten =
	{ logged: true; receipt: UsageReceipt } | { logged: false; error: RouterError };

interface Entry {
	row: UsageRow;
	resolve: (written: UsageWritten) => void;
}

const BATCH_ROWS = 500;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 5_000;

export class UsageBuffer {
	private entries: Entry[] = [];
	private draining: Promise<void> | null = null;
	private readonly stopped = new AbortController();
	private lastError: RouterError | null = null;

	constructor(
		private readonly store: Pick<UsageStore, 'recordUsage'>,
		private readonly clock: Clock,
	) {}

	/** @returns when the row is written, or known not to be; never rejects */
	add(row: UsageRow): Promise<UsageWritten> {
		return new Promise((resolve) => {
			this.entries.push({ row, resolve });
			this.draining ??= this.drain().finally(() => {
				this.draining = null;
			});
		});
	}

	/**
	 * Waits until all is written, at most this long; what is left then is reported as not logged.
	 * @returns rows not written
	 */
	async flush(waitMs: number): Promise<number> {
		const { draining } = this;
		if (draining === null) return 0;
		await within(this.clock, draining, waitMs);
		const left = this.entries.length;
		this.stopped.abort(new Error('given up'));
		this.giveUp();
		return left;
	}

	private async drain(): Promise<void> {
		let retryMs = FIRST_RETRY_MS;
		while (this.entries.length > 0 && !this.stopped.signal.aborted) {
			const batch = this.entries.slice(0, BATCH_ROWS);
			const written = await this.write(batch);
			if (written) {
				this.entries = this.entries.filter((entry) => !batch.includes(entry));
				retryMs = FIRST_RETRY_MS;
				continue;
			}
			await this.clock.sleep(retryMs, this.stopped.signal).catch(() => undefined);
			retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2);
		}
	}

	/** @returns false: try again later */
	private async write(batch: Entry[]): Promise<boolean> {
		try {
			const receipts = await this.store.recordUsage(batch.map((entry) => entry.row));
			batch.forEach((entry, index) => {
				entry.resolve({ logged: true, receipt: receipts[index] as UsageReceipt });
			});
			return true;
		} catch (error) {
			this.lastError = asRouterError(error);
			if (this.lastError.code !== 'USAGE_INVALID') return false;
			await this.writeOneByOne(batch, this.lastError);
			return true;
		}
	}

	/** A faulty row must not keep the others from being written. */
	private async writeOneByOne(batch: Entry[], error: RouterError): Promise<void> {
		if (batch.length === 1) {
			batch[0]?.resolve({ logged: false, error });
			return;
		}
		for (const entry of batch) {
			while (!(await this.write([entry])) && !this.stopped.signal.aborted) {
				await this.clock.sleep(LONGEST_RETRY_MS, this.stopped.signal).catch(() => undefined);
			}
		}
	}

	private giveUp(): void {
		const error = this.lastError ?? notWritten();
		for (const entry of this.entries) entry.resolve({ logged: false, error });
		this.entries = [];
	}
}

function asRouterError(error: unknown): RouterError {
	return error instanceof RouterError ? error : notWritten(error);
}

function notWritten(cause?: unknown): RouterError {
	return new RouterError({
		code: 'POSTGRES_FAILED',
		message: 'The usage row could not be written in time.',
		hint: 'Log it again with Log Usage, which never counts a run twice.',
		cause,
	});
}
