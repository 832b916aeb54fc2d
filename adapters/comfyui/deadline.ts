/** A call with an end: after `ms`, or when the caller cancels. Leaves neither timer nor listener behind. */
import { sharedSignal } from '../shared-signal';

/**
 * @param signal the caller's own; a cancelled call rejects with its reason
 * @param onTimeout makes the error of a late call
 */
export async function withDeadline<T>(
	ms: number,
	signal: AbortSignal | undefined,
	run: (signal: AbortSignal) => Promise<T>,
	onTimeout: () => Error,
): Promise<T> {
	signal?.throwIfAborted();
	const controller = new AbortController();
	const cancel = () => controller.abort(signal?.reason);
	let late = false;
	const timer = setTimeout(() => {
		late = true;
		controller.abort();
	}, ms);
	sharedSignal(signal)?.addEventListener('abort', cancel, { once: true });
	try {
		return await run(controller.signal);
	} catch (error) {
		if (signal?.aborted) throw signal.reason;
		throw late ? onTimeout() : error;
	} finally {
		clearTimeout(timer);
		signal?.removeEventListener('abort', cancel);
	}
}
