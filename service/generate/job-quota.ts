/** The quota of one job while it is generated: looked up before it is decided, reserved before it runs. */
import { RouterError } from '../../lib/errors';
import type { SelectedDecision } from '../../lib/selection/types';
import { MOST_RACES, type QuotaDesk } from '../quota-desk';
import type { JobContext } from './job-context';
import type { JobInput } from './job-input';

export class JobQuota {
	private readonly desk: QuotaDesk | null;
	private readonly userId: string;
	/** The ledger's number of the first attempt, which may not be the job's first run. */
	private first: number | null = null;
	private races = 0;

	constructor(
		private readonly context: JobContext,
		private readonly job: JobInput,
	) {
		this.desk = context.quotas;
		this.userId = String(job.request['user_id'] ?? '');
	}

	/** Tells the room what is left, for its next decisions about this user. */
	async look(): Promise<void> {
		if (this.desk === null) return;
		this.context.room.knowQuotas(this.userId, await this.desk.left([this.userId]));
	}

	/**
	 * @param attempts how many were made before
	 * @returns false: what was left is gone, decide anew
	 * @throws RouterError NOT_SERVED where that has happened too often
	 */
	async reserve(selection: SelectedDecision, attempts: number): Promise<boolean> {
		if (this.desk === null) return true;
		const number = this.first === null ? null : this.first + attempts;
		const grant = await this.desk.reserve(selection, this.job.jobId, number);
		if (grant.granted) {
			this.first ??= grant.attempt === null ? null : grant.attempt - attempts;
			return true;
		}
		this.races += 1;
		if (this.races <= MOST_RACES) return false;
		throw new RouterError({
			code: 'NOT_SERVED',
			message: 'What was left of the quota was taken by other jobs at the same moment.',
			hint: 'Ask again, or wait until it resets.',
		});
	}

	/** Of an attempt that is over without an image, or will not be made. */
	async release(): Promise<void> {
		await this.desk?.release(this.job.jobId);
	}
}
