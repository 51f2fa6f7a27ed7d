// Everything that Lakewarden needs in one resource group. No secret goes in and none comes out: the agent has an
// identity, and local keys are switched off wherever a service has them.
targetScope = 'resourceGroup'

@description('Stands in the tags, and is what azd calls the environment.')
@minLength(2)
@maxLength(20)
param environmentName string

@description('A region by its short name, such as westeurope.')
param location string = resourceGroup().location

@description('Added to the names that must be unique in all of Azure (namespace, factory, account, registry): -contoso-dev.')
@maxLength(13)
param nameSuffix string = ''

@description('Image of the agent. Empty: a public placeholder stands where the agent will, so that everything else can be made first.')
param image string = ''

@description('Standard keeps events for 7 days at most, Premium for 90.')
@allowed(['Standard', 'Premium'])
param eventHubsSku string = 'Standard'

@minValue(1)
@maxValue(90)
param eventRetentionDays int = 7

@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_LRS'

@description('Holds the lake and the events against being deleted by mistake.')
param protectData bool = false

@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Of the container. The engine gets about a third of the memory: it may take half as much again.')
@allowed(['1.0', '2.0', '4.0'])
param agentCpu string = '1.0'

@description('CIDR ranges that may reach the agent from outside. Empty: all; each request needs a token all the same.')
param allowedIpRanges array = []

@description('UNC path of the share from which Data Factory copies the files of the retailer\'s systems.')
param filesHost string

@description('Entra object ids of those that send events.')
param senderPrincipalIds array = []

@description('Application (client) id of the app registration that stands for the agent\'s API. Empty: no token of Entra ID is taken.')
param apiAppId string = ''

@description('Of the same registration; all three together switch the secure webhook of the alerts on.')
param webhookIdentifierUri string = ''
param webhookObjectId string = ''

@description('Who gets a mail when the agent itself is down.')
param alertEmail string = ''

var base = loadJsonContent('retail.json')
var namespaceName = '${base.namespace}${nameSuffix}'
var factoryName = '${base.factory}${nameSuffix}'
var accountName = '${base.account}${replace(nameSuffix, '-', '')}'
var registryName = 'lakewarden${replace(nameSuffix, '-', '')}${take(uniqueString(resourceGroup().id), 6)}'
var consumerGroup = 'lakewarden'
var tags = {
  application: 'lakewarden'
  'azd-env-name': environmentName
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  params: {
    location: location
    tags: tags
  }
}

module logs 'modules/logs.bicep' = {
  name: 'logs'
  params: {
    location: location
    tags: tags
    retentionDays: logRetentionDays
    readerPrincipalId: identity.outputs.principalId
  }
}

module eventHubs 'modules/event-hubs.bicep' = {
  name: 'event-hubs'
  params: {
    location: location
    tags: tags
    namespaceName: namespaceName
    hubs: base.hubs
    consumerGroup: consumerGroup
    sku: eventHubsSku
    retentionDays: eventRetentionDays
    protectData: protectData
    workspaceId: logs.outputs.id
    receiverPrincipalId: identity.outputs.principalId
    senderPrincipalIds: senderPrincipalIds
  }
}

module lake 'modules/lake.bicep' = {
  name: 'lake'
  params: {
    location: location
    tags: tags
    accountName: accountName
    fileSystem: base.fileSystem
    sku: storageSku
    protectData: protectData
    workspaceId: logs.outputs.id
    writerPrincipalIds: {
      agent: identity.outputs.principalId
      dataFactory: dataFactory.outputs.principalId
    }
  }
}

module dataFactory 'modules/data-factory.bicep' = {
  name: 'data-factory'
  params: {
    location: location
    tags: tags
    factoryName: factoryName
    accountName: accountName
    fileSystem: base.fileSystem
    filesHost: filesHost
    workspaceId: logs.outputs.id
    runnerPrincipalId: identity.outputs.principalId
  }
}

module registry 'modules/registry.bicep' = {
  name: 'registry'
  params: {
    location: location
    tags: tags
    registryName: registryName
    pullPrincipalId: identity.outputs.principalId
  }
}

module agent 'modules/agent.bicep' = {
  name: 'agent'
  params: {
    location: location
    tags: tags
    image: image
    registryServer: registry.outputs.server
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    logsId: logs.outputs.id
    logsCustomerId: logs.outputs.customerId
    accountName: accountName
    fileSystem: base.fileSystem
    consumerGroup: consumerGroup
    names: {
      '${base.namespace}': namespaceName
      '${base.factory}': factoryName
    }
    cpu: agentCpu
    apiAppId: apiAppId
    allowedIpRanges: allowedIpRanges
  }
  dependsOn: [
    dataFactory
    eventHubs
    lake
  ]
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    location: location
    tags: tags
    namespaceId: eventHubs.outputs.id
    factoryId: dataFactory.outputs.id
    pipelines: dataFactory.outputs.pipelines
    agentId: agent.outputs.id
    agentUrl: agent.outputs.url
    // The agent would answer 401 to a token that it does not know.
    webhookIdentifierUri: empty(apiAppId) ? '' : webhookIdentifierUri
    webhookObjectId: webhookObjectId
    email: alertEmail
  }
}

output AZURE_CONTAINER_REGISTRY_ENDPOINT string = registry.outputs.server
output LAKEWARDEN_AGENT string = agent.outputs.url
