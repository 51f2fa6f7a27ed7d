// The lake. Tables, checkpoints, fences and the control log are all in it: it is the one thing that must not be lost.
param location string
param tags object
param accountName string
param fileSystem string
param sku string
param protectData bool
param workspaceId string
@description('Who writes, by what they are called in the names of the assignments.')
param writerPrincipalIds object

var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
// As long as vacuum keeps what no table names any more.
var softDeleteDays = 7

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: accountName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isHnsEnabled: true
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: 'Enabled'
    supportsHttpsTrafficOnly: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: true
      days: softDeleteDays
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: softDeleteDays
    }
  }
}

resource lake 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: fileSystem
  properties: {
    publicAccess: 'None'
  }
}

resource write 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for writer in items(writerPrincipalIds): {
  name: guid(lake.id, writer.key, blobDataContributor)
  scope: lake
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
    principalId: writer.value
    principalType: 'ServicePrincipal'
  }
}]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'lakewarden'
  scope: blobs
  properties: {
    workspaceId: workspaceId
    // Reads are by far the most, and tell the least of who changed the lake.
    logs: [
      {
        category: 'StorageWrite'
        enabled: true
      }
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'Transaction'
        enabled: true
      }
    ]
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (protectData) {
  name: 'keep-lake'
  scope: account
  properties: {
    level: 'CanNotDelete'
    notes: 'The lake is the only place where state is kept.'
  }
}

output id string = account.id
