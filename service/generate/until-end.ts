/** Waits for the end of a prompt, or for the caller to cancel. */
import type { PromptEnd } from './server-watch';

/** @throws the signal's reason */
export function untilEnd(end: Promise<PromptEnd>, signal?: AbortSignal): Promise<PromptEnd> {
	if (!signal) return end;
	return new Promise((resolve, reject) => {
		const cancel = () => reject(signal.reason);
		if (signal.aborted) return cancel();
		signal.addEventListener('abort', cancel, { once: true });
		void end.then((value) => {
			signal.removeEventListener('abort', cancel);
			resolve(value);
		});
	});
}
