// Times the training step of llm.c's train_gpt2.c: see llmc.ts.
// usage: llmc MODEL.bin BATCH WARMUP STEPS; prints one JSON line.

#define TESTING // leaves out its main
#include "train_gpt2.c"
#include <sys/resource.h>

static double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec + 1e-9 * time.tv_nsec;
}

static void print_list(const char *name, const double *values, int n) {
    printf("\"%s\":[", name);
    for (int i = 0; i < n; i++) printf("%s%.6f", i ? "," : "", values[i]);
    printf("],");
}

int main(int argc, char **argv) {
    (void)argc;
    int batch = atoi(argv[2]), warmup = atoi(argv[3]), steps = atoi(argv[4]);
    GPT2 model;
    gpt2_build_from_checkpoint(&model, argv[1]);
    int time = model.config.max_seq_len, count = batch * time;
    int *inputs = malloc(count * sizeof(int)), *targets = malloc(count * sizeof(int));
    double seconds[1000], cpu_seconds[1000];
    for (int step = 0; step < warmup + steps && step - warmup < 1000; step++) {
        for (int i = 0; i < count; i++) {
            inputs[i] = rand() % model.config.vocab_size;
            targets[i] = rand() % model.config.vocab_size;
        }
        double start = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        gpt2_forward(&model, inputs, targets, batch, time);
        gpt2_zero_grad(&model);
        gpt2_backward(&model);
        gpt2_update(&model, 1e-4f, 0.9f, 0.999f, 1e-8f, 0.0f, step + 1);
        if (step < warmup) continue;
        seconds[step - warmup] = now(CLOCK_MONOTONIC) - start;
        cpu_seconds[step - warmup] = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{");
    print_list("seconds", seconds, steps);
    print_list("cpu_seconds", cpu_seconds, steps);
    printf("\"peak\":%ld,\"version\":\"gcc %s\"}\n", usage.ru_maxrss * 1024, __VERSION__);
    return 0;
}
