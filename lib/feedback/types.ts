/** Feedback as data: opinions as they were given and as they are learned from. Shapes only. */

export const FEEDBACK_KINDS = ['rating', 'thumb', 'preference'] as const;
export type FeedbackKind = (typeof FEEDBACK_KINDS)[number];

/** One opinion to be written down. */
export interface Opinion {
	jobId: string;
	/** null: the user of the job. */
	userId: string | null;
	kind: FeedbackKind;
	/** 0 to 1; a thumb is 0 or 1; null for a preference. */
	rating: number | null;
	/** Of a preference: the job that was liked less. */
	otherJobId: string | null;
	/** Of a link: must fit the job. null: whoever asks is trusted. */
	token: string | null;
}

/** What became of it. */
export type OpinionReceipt =
	| {
			recorded: true;
			job_id: string;
			attempt: number;
			user_id: string;
			model_name: string;
			preset: string | null;
			purpose: string;
			/** Mean of all opinions about the job; null of a preference. */
			quality_feedback: number | null;
	  }
	| {
			recorded: false;
			/** No successful run of that job in the log; the two jobs had different purposes; the token does not fit. */
			why: 'job' | 'purpose' | 'token';
			job_id?: string;
	  };

/** One opinion to learn from. */
export interface FeedbackRow {
	/** Who said it: a number, not a name. */
	rater: number;
	kind: FeedbackKind;
	rating: number | null;
	model_name: string;
	preset: string | null;
	purpose: string;
	/** Of a preference: what was liked less. */
	other_model_name: string | null;
	other_preset: string | null;
	age_seconds: number;
}

/** What people thought of results. */
export interface FeedbackPort {
	/** One opinion per job and person: a later one replaces it. */
	record(opinion: Opinion): Promise<OpinionReceipt>;
	/** Keyed hashes that only this store can make, for links: by subject (a job, or a job and another). */
	tokens(subjects: readonly string[]): Promise<Map<string, string>>;
	/** The newest opinions. */
	history(query: { sinceDays: number; limit: number }): Promise<FeedbackRow[]>;
}
