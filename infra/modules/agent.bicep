// The agent: exactly one replica. While a new revision starts there are two for a moment; the lake's fences let only the
// one that started last write (docs/architecture.md, I4).
param location string
param tags object
param image string
param registryServer string
param identityId string
param identityClientId string
param logsId string
param logsCustomerId string
param accountName string
param fileSystem string
param consumerGroup string
@description('Name in the pipeline file that ships → name in this environment.')
param names object
param cpu string
param apiAppId string
param allowedIpRanges array

var appName = 'lakewarden'
var port = 8080
var isPlaceholder = empty(image)
// The consumption plan gives 2 GiB of memory a core, and of disk 4 GiB for one core and 8 for more.
var cores = int(split(cpu, '.')[0])
var fqdn = '${appName}.${host.properties.defaultDomain}'
// The Host header that the platform's probes would send is the address of the pod, which the agent refuses as foreign.
var ownHost = [
  {
    name: 'Host'
    value: 'localhost:${port}'
  }
]

// The agent's file (agent/src/config.ts). Relative paths would be those of the state folder.
var config = {
  pipeline: '/app/packages/retail/pipeline/pipeline.yaml'
  stateDir: '/state/agent'
  storage: {
    account: accountName
    fileSystem: fileSystem
  }
  dataFactory: {
    subscriptionId: subscription().subscriptionId
    resourceGroup: resourceGroup().name
  }
  eventHubs: {
    consumerGroup: consumerGroup
  }
  api: union({
    host: '0.0.0.0'
    port: port
    publicHosts: [
      fqdn
    ]
  }, empty(apiAppId) ? {} : {
    entra: {
      tenantId: tenant().tenantId
      audience: [
        apiAppId
      ]
    }
  })
  monitor: {
    workspaceId: logsCustomerId
    region: toLower(replace(location, ' ', ''))
  }
  engine: {
    memoryLimitMiB: 640 * cores
    threads: cores
  }
  spoolMiBMax: min(2048 * cores, 4096)
}

resource host 'Microsoft.App/managedEnvironments@2025-01-01' = {
  name: 'lakewarden'
  location: location
  tags: tags
  properties: {
    // By a diagnostic setting instead of the workspace's key.
    appLogsConfiguration: {
      destination: 'azure-monitor'
    }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'lakewarden'
  scope: host
  properties: {
    workspaceId: logsId
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
  }
}

resource agent 'Microsoft.App/containerApps@2025-01-01' = {
  name: appName
  location: location
  tags: union(tags, {
    'azd-service-name': 'agent'
  })
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    environmentId: host.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: {
        external: true
        allowInsecure: false
        targetPort: isPlaceholder ? 80 : port
        transport: 'http'
        ipSecurityRestrictions: [for (cidr, i) in allowedIpRanges: {
          name: 'allow-${i}'
          action: 'Allow'
          ipAddressRange: cidr
        }]
      }
      registries: [
        {
          server: registryServer
          identity: identityId
        }
      ]
    }
    template: {
      // Longer than the agent takes to end what it is doing and to write its last notes.
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: 'agent'
          image: isPlaceholder ? 'mcr.microsoft.com/k8se/quickstart:latest' : image
          resources: {
            cpu: json(cpu)
            memory: '${2 * cores}Gi'
          }
          env: [
            {
              name: 'LAKEWARDEN_CONFIG'
              value: string(config)
            }
            {
              name: 'LAKEWARDEN_NAMES'
              value: string(names)
            }
            {
              name: 'AZURE_CLIENT_ID'
              value: identityClientId
            }
            {
              name: 'AZURE_TOKEN_CREDENTIALS'
              value: 'ManagedIdentityCredential'
            }
          ]
          volumeMounts: [
            {
              volumeName: 'state'
              mountPath: '/state'
            }
          ]
          probes: isPlaceholder ? [] : [
            {
              type: 'Startup'
              httpGet: {
                path: '/healthz'
                port: port
                httpHeaders: ownHost
              }
              periodSeconds: 2
              timeoutSeconds: 2
              failureThreshold: 30
            }
            {
              type: 'Liveness'
              httpGet: {
                path: '/healthz'
                port: port
                httpHeaders: ownHost
              }
              periodSeconds: 15
              timeoutSeconds: 5
              failureThreshold: 4
            }
            {
              type: 'Readiness'
              httpGet: {
                path: '/readyz'
                port: port
                httpHeaders: ownHost
              }
              periodSeconds: 5
              timeoutSeconds: 5
              failureThreshold: 3
            }
          ]
        }
      ]
      scale: {
        minReplicas: 1
        maxReplicas: 1
      }
      // Ledger, spool and spill are caches. A file share would not do: SQLite's locks do not hold on one.
      volumes: [
        {
          name: 'state'
          storageType: 'EmptyDir'
        }
      ]
    }
  }
}

output id string = agent.id
output url string = 'https://${fqdn}'
