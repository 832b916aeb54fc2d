/** Tells a person who tries a workflow what is worth knowing of the catalog. Silent in production: nobody looks there. */
import type { IExecuteFunctions } from 'n8n-workflow';

import { type ChosenCandidate, staleAdvice, uncalibratedAdvice } from '../../lib/catalog/advice';
import type { Catalog } from '../../lib/catalog/schema';
import type { FleetServer } from '../../lib/fleet/types';
import { shippedCatalogParsed } from './catalog-source';

export async function showCatalogAdvice(
	context: IExecuteFunctions,
	catalog: Catalog,
	servers: readonly FleetServer[],
	chosen: readonly ChosenCandidate[],
): Promise<void> {
	// older versions of n8n have no hints
	if (context.getMode() !== 'manual' || context.addExecutionHints === undefined) return;
	const advice = [
		uncalibratedAdvice(catalog, chosen),
		staleAdvice(catalog, await shippedCatalogParsed(), servers),
	];
	for (const message of advice) {
		if (message) context.addExecutionHints({ message, type: 'info', location: 'outputPane' });
	}
}
