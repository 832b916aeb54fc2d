/** Jobs that were selected beforehand reach their server in the order they were given in: a plan's order is worth money. */

export interface Turn {
	/** Resolves when all jobs before this one have reached their server, or have failed to. */
	come: Promise<void>;
	/** The next may go. Safe to repeat. */
	leave(): void;
}

export class SubmissionOrder {
	private readonly lines = new Map<string, Promise<void>>();

	/** @param server that the job is for; called in the order of the jobs */
	enter(server: string): Turn {
		const come = this.lines.get(server) ?? Promise.resolve();
		let leave = (): void => undefined;
		const left = new Promise<void>((resolve) => (leave = resolve));
		this.lines.set(
			server,
			come.then(() => left),
		);
		return { come, leave: () => leave() };
	}
}
