/** An image of one process, and Kubernetes' description of several. */

import { join } from "@std/path";

const PORT = 8787;

/** workerd needs glibc and nothing else; the certificates for an identity provider are built in. */
const CONTAINERFILE = `FROM gcr.io/distroless/cc-debian12:nonroot
COPY --chown=root:root workerd workerd.capnp /opt/nano-med-gpt/
COPY --chown=root:root build /opt/nano-med-gpt/build
WORKDIR /opt/nano-med-gpt
EXPOSE ${PORT}
ENTRYPOINT ["/opt/nano-med-gpt/workerd", "serve", "workerd.capnp"]
`;

/** Nothing but what the image copies: not the settings, which hold secrets. */
const IGNORED = `*
!workerd
!workerd.capnp
!build
`;

/**
 * Sessions stay with a pod by the client's address: set externalTrafficPolicy or use an ingress that
 * hashes by session (haproxy.cfg of --target haproxy shows how) where many share one.
 */
const manifest = (processes: number) =>
  `apiVersion: apps/v1
kind: Deployment
metadata:
  name: nano-med-gpt
  labels: { app: nano-med-gpt }
spec:
  replicas: ${processes}
  strategy:
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
  selector:
    matchLabels: { app: nano-med-gpt }
  template:
    metadata:
      labels: { app: nano-med-gpt }
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 70
      securityContext:
        runAsNonRoot: true
        seccompProfile: { type: RuntimeDefault }
      containers:
        - name: worker
          image: nano-med-gpt:latest
          ports: [{ containerPort: ${PORT} }]
          envFrom: [{ secretRef: { name: nano-med-gpt } }]
          startupProbe:
            httpGet: { path: /readyz, port: ${PORT} }
            periodSeconds: 1
            failureThreshold: 30
          readinessProbe:
            httpGet: { path: /readyz, port: ${PORT} }
            periodSeconds: 2
            timeoutSeconds: 2
          livenessProbe:
            httpGet: { path: /healthz, port: ${PORT} }
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 3
          lifecycle:
            # Until the endpoints know: then SIGTERM lets requests that were begun end.
            preStop: { sleep: { seconds: 5 } }
          resources:
            requests: { cpu: "1", memory: 256Mi }
            limits: { memory: 512Mi }
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
---
apiVersion: v1
kind: Service
metadata:
  name: nano-med-gpt
spec:
  selector: { app: nano-med-gpt }
  sessionAffinity: ClientIP
  ports: [{ port: 80, targetPort: ${PORT} }]
`;

/** Where a container listens: on every address of its own. */
export const CONTAINER_ADDRESS = `*:${PORT}`;

/** Writes Containerfile and kubernetes.yaml; what to do with them comes back. */
export async function writeContainer(folder: string, processes: number): Promise<string> {
  await Deno.writeTextFile(join(folder, "Containerfile"), CONTAINERFILE);
  await Deno.writeTextFile(join(folder, ".containerignore"), IGNORED);
  await Deno.writeTextFile(join(folder, "kubernetes.yaml"), manifest(processes));
  return `podman build -t nano-med-gpt ${folder}
kubectl create secret generic nano-med-gpt --from-env-file=${folder}/settings.env
kubectl apply -f ${folder}/kubernetes.yaml`;
}
