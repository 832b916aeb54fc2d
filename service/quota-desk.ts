/**
 * Quotas around decisions: what is left is looked up, what is selected is reserved. Owns that a race lost against another
 * worker is decided anew, and that quotas which cannot be looked up stop nobody: such runs are charged when logged.
 */
import { RouterError } from '../lib/errors';
import type { QuotaPort } from '../lib/ports';
import { claimOf } from '../lib/quotas/charge';
import { NOBODY } from '../lib/quotas/types';
import type {
	QuotaState,
	RejectedDecision,
	SelectedDecision,
	Selection,
} from '../lib/selection/types';

/** How often a decision is made anew because another worker was faster. */
export const MOST_RACES = 5;

export class QuotaDesk {
	/** Asked once in vain: for as long as a desk lives, nobody waits for the same again. */
	private isAway = false;

	constructor(
		private readonly port: QuotaPort,
		/** Told once why quotas could not be looked up. */
		private readonly onWarning: (error: RouterError) => void = () => undefined,
	) {}

	/** What is left to these users; nothing limits them where it cannot be looked up. */
	async left(userIds: readonly (string | null | undefined)[]): Promise<QuotaState[]> {
		const users = [...new Set(userIds.map((user) => user ?? NOBODY))];
		return (await this.orWarn(() => this.port.left(users))) ?? [];
	}

	/** @returns whether the job may run, and the ledger's number of the attempt where it has one */
	async reserve(
		selection: SelectedDecision,
		jobId: string,
		attempt: number | null,
	): Promise<{ granted: boolean; attempt: number | null }> {
		const grant = await this.orWarn(() => this.port.reserve(claimOf(selection, jobId, attempt)));
		return grant ?? { granted: true, attempt: null };
	}

	async release(jobId: string): Promise<void> {
		await this.orWarn(() => this.port.release(jobId));
	}

	private async orWarn<T>(work: () => Promise<T>): Promise<T | null> {
		if (this.isAway) return null;
		try {
			return await work();
		} catch (error) {
			if (!(error instanceof RouterError)) throw error;
			// several jobs may have asked at the same time
			if (!this.isAway) this.onWarning(error);
			this.isAway = true;
			return null;
		}
	}
}

export interface QuotaRequest {
	userId: string | null | undefined;
	/** null: nothing is reserved, the answer is only held against what is left. */
	jobId: string | null;
	/** Decides with what is left. */
	decide: (quotas: QuotaState[]) => Selection;
}

/**
 * One decision within quotas: looked up, decided, reserved; again where another worker took what was left in between.
 * @param known what is left, where it was looked up just now
 */
export async function selectWithinQuota(
	desk: QuotaDesk,
	{ userId, jobId, decide }: QuotaRequest,
	known?: QuotaState[],
): Promise<Selection> {
	let quotas = known ?? (await desk.left([userId]));
	for (let race = 0; ; race++) {
		const selection = decide(quotas);
		if (selection.decision === 'rejected' || jobId === null) return selection;
		const { granted } = await desk.reserve(selection, jobId, null);
		if (granted) return selection;
		if (race >= MOST_RACES) return refused(selection);
		quotas = await desk.left([userId]);
	}
}

/** Others were faster every time: what is left is not known to a whole selection. */
export function refused(selection: SelectedDecision): RejectedDecision {
	const { job_id, request, selected_at, deadline_at, alternatives } = selection;
	const message = 'What is left of the quota was taken by other jobs at the same moment.';
	return {
		decision: 'rejected',
		job_id,
		request,
		selected_at,
		deadline_at,
		alternatives,
		selection_reason: message,
		rejection: { code: 'QUOTA', message, hint: 'Ask again, or wait until it resets.' },
	};
}
