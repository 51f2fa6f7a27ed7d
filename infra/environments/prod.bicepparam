// Names are those of the pipeline file that ships. Events are kept for as long as Event Hubs can, so that a replay reaches
// far back; the lake survives the loss of a zone, and neither can be deleted by mistake.
using '../main.bicep'

param environmentName = 'prod'
param location = 'westeurope'
param image = readEnvironmentVariable('SERVICE_AGENT_IMAGE_NAME', '')
param eventHubsSku = 'Premium'
param eventRetentionDays = 90
param storageSku = 'Standard_ZRS'
param protectData = true
param logRetentionDays = 90
param agentCpu = '2.0'
param filesHost = '\\\\files\\retail'
param apiAppId = readEnvironmentVariable('LAKEWARDEN_API_APP', '')
param webhookIdentifierUri = readEnvironmentVariable('LAKEWARDEN_WEBHOOK_URI', '')
param webhookObjectId = readEnvironmentVariable('LAKEWARDEN_WEBHOOK_OBJECT', '')
param alertEmail = readEnvironmentVariable('LAKEWARDEN_ALERT_EMAIL', '')
