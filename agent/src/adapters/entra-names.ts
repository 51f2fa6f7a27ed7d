/** Of the public cloud; other clouds have their own. */
export const PUBLIC_AUTHORITY = 'https://login.microsoftonline.com';
/**
 * "AZNS AAD Webhook", as which action groups call a secure webhook: the same in every tenant of the public cloud, and no
 * secret (MS Learn "Action groups", Secure webhook PowerShell script).
 */
export const AZURE_MONITOR_APP_ID = '461e8683-5575-4561-ac7f-899cc907d62a';
