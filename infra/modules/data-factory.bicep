// The factory and what it copies, as it lies in packages/retail/factory. The agent starts, follows and cancels runs, and
// can change nothing: the built-in Data Factory Contributor could.
param location string
param tags object
param factoryName string
param accountName string
param fileSystem string
param filesHost string
param workspaceId string
param runnerPrincipalId string

var lakeService = loadJsonContent('../../packages/retail/factory/linkedService/lake.json')
var filesService = loadJsonContent('../../packages/retail/factory/linkedService/retail_files.json')
var lakeFile = loadJsonContent('../../packages/retail/factory/dataset/lake_file.json')
var retailFile = loadJsonContent('../../packages/retail/factory/dataset/retail_file.json')
var copyCategories = loadJsonContent('../../packages/retail/factory/pipeline/copy-categories.json')
var copyPurchaseOrderLines = loadJsonContent('../../packages/retail/factory/pipeline/copy-purchase-order-lines.json')
var copyPurchaseOrders = loadJsonContent('../../packages/retail/factory/pipeline/copy-purchase-orders.json')
var copyStores = loadJsonContent('../../packages/retail/factory/pipeline/copy-stores.json')
var copyVendors = loadJsonContent('../../packages/retail/factory/pipeline/copy-vendors.json')
var copyZipcodes = loadJsonContent('../../packages/retail/factory/pipeline/copy-zipcodes.json')
var copies = [
  copyCategories
  copyPurchaseOrderLines
  copyPurchaseOrders
  copyStores
  copyVendors
  copyZipcodes
]
var groupId = resourceGroup().id

resource factory 'Microsoft.DataFactory/factories@2018-06-01' = {
  name: factoryName
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    publicNetworkAccess: 'Enabled'
  }
}

resource lakeLink 'Microsoft.DataFactory/factories/linkedservices@2018-06-01' = {
  parent: factory
  name: lakeService.name
  properties: any(union(lakeService.properties, {
    typeProperties: {
      url: 'https://${accountName}.dfs.${environment().suffixes.storage}'
    }
  }))
}

resource filesLink 'Microsoft.DataFactory/factories/linkedservices@2018-06-01' = {
  parent: factory
  name: filesService.name
  properties: any(union(filesService.properties, {
    typeProperties: {
      host: filesHost
    }
  }))
}

resource lakeDataset 'Microsoft.DataFactory/factories/datasets@2018-06-01' = {
  parent: factory
  name: lakeFile.name
  properties: any(union(lakeFile.properties, {
    typeProperties: {
      location: {
        fileSystem: fileSystem
      }
    }
  }))
  dependsOn: [
    lakeLink
  ]
}

resource filesDataset 'Microsoft.DataFactory/factories/datasets@2018-06-01' = {
  parent: factory
  name: retailFile.name
  properties: any(retailFile.properties)
  dependsOn: [
    filesLink
  ]
}

resource copy 'Microsoft.DataFactory/factories/pipelines@2018-06-01' = [for each in copies: {
  parent: factory
  name: each.name
  properties: any(each.properties)
  dependsOn: [
    filesDataset
    lakeDataset
  ]
}]

resource runner 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(groupId, 'lakewarden-runner')
  properties: {
    // Unique in the tenant.
    roleName: 'Lakewarden pipeline runner ${uniqueString(groupId)}'
    description: 'Starts, follows and cancels Data Factory runs; reads no credentials and changes no pipelines.'
    type: 'CustomRole'
    assignableScopes: [
      groupId
    ]
    permissions: [
      {
        actions: [
          'Microsoft.DataFactory/factories/read'
          'Microsoft.DataFactory/factories/pipelines/read'
          'Microsoft.DataFactory/factories/pipelines/createrun/action'
          'Microsoft.DataFactory/factories/pipelineruns/read'
          'Microsoft.DataFactory/factories/pipelineruns/cancel/action'
          'Microsoft.DataFactory/factories/querypipelineruns/action'
          'Microsoft.DataFactory/factories/querypipelineruns/read'
          'Microsoft.DataFactory/factories/pipelineruns/queryactivityruns/action'
          'Microsoft.DataFactory/factories/pipelineruns/queryactivityruns/read'
          'Microsoft.DataFactory/factories/pipelineruns/activityruns/read'
        ]
        notActions: []
      }
    ]
  }
}

resource run 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(factory.id, runnerPrincipalId, runner.id)
  scope: factory
  properties: {
    roleDefinitionId: runner.id
    principalId: runnerPrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'lakewarden'
  scope: factory
  properties: {
    workspaceId: workspaceId
    // Tables of their own (ADFPipelineRun), which is what the log rules of the pipeline file ask.
    logAnalyticsDestinationType: 'Dedicated'
    logs: [
      {
        category: 'PipelineRuns'
        enabled: true
      }
      {
        category: 'ActivityRuns'
        enabled: true
      }
      {
        category: 'TriggerRuns'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

output id string = factory.id
output principalId string = factory.identity.principalId
output pipelines array = [for each in copies: each.name]
