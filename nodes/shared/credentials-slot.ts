/** Where n8n shows a node's credentials. Without it they stand before the field that one of them depends on. */
import type { INodeProperties } from 'n8n-workflow';

/** First of a node's fields: nothing works without a server, so it is what a newcomer sets first. */
export const credentialsSlot: INodeProperties = {
	displayName: 'Credentials',
	name: 'credentials',
	type: 'credentials',
	default: '',
};
