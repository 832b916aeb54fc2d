/** Lets one at a time pass, in the order of asking: what needs much memory takes a turn. */
export class Turns {
	private last: Promise<void> = Promise.resolve();

	/** @returns to be called when done, whatever happened */
	async take(): Promise<() => void> {
		const before = this.last;
		let done = (): void => undefined;
		this.last = new Promise((resolve) => {
			done = resolve;
		});
		await before;
		return done;
	}
}
