/** A command line that cannot be understood. Always exit code 64. */
export class UsageError extends Error {
	constructor(
		message: string,
		/** Whose help to point at. */
		readonly command?: string,
	) {
		super(message);
		this.name = 'UsageError';
	}
}
