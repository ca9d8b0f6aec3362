// A Vulkan driver that is Mesa's RADV on no hardware (RADV_FORCE_FAMILY), with the little that its
// null hardware lacks for wgpu to make a device: memory types, timeline semaphores, command
// buffers. It compiles shaders as for a real GPU; nothing that is submitted runs.
//
// Built and loaded by main.ts. RADV_LIBRARY names libvulkan_radeon.so. Written against Mesa 22.3.6.

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>

#define EXPORT __attribute__((visibility("default")))
#define HEAP_BYTES (64ull << 30)

static void *radv;
static PFN_vkGetInstanceProcAddr radv_instance_proc;
static PFN_vkGetDeviceProcAddr radv_device_proc;
static PFN_vkGetPhysicalDeviceMemoryProperties radv_memory;
static PFN_vkGetPhysicalDeviceMemoryProperties2 radv_memory2;
static PFN_vkGetBufferMemoryRequirements radv_buffer_requirements;
static PFN_vkCreateSemaphore radv_create_semaphore;

static void load(void) {
  if (radv) return;
  radv = dlopen(getenv("RADV_LIBRARY"), RTLD_NOW | RTLD_LOCAL);
  if (!radv) abort();
  radv_instance_proc = (PFN_vkGetInstanceProcAddr)dlsym(radv, "vk_icdGetInstanceProcAddr");
}

// One heap, and memory that the host sees.
static void describe(VkPhysicalDeviceMemoryProperties *memory) {
  memory->memoryHeapCount = 1;
  memory->memoryHeaps[0] = (VkMemoryHeap){HEAP_BYTES, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT};
  memory->memoryTypeCount = 2;
  memory->memoryTypes[0] = (VkMemoryType){VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, 0};
  memory->memoryTypes[1] = (VkMemoryType){
      VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
          VK_MEMORY_PROPERTY_HOST_COHERENT_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT,
      0};
}

static void memory_properties(VkPhysicalDevice device, VkPhysicalDeviceMemoryProperties *memory) {
  radv_memory(device, memory);
  describe(memory);
}

static void memory_properties2(VkPhysicalDevice device, VkPhysicalDeviceMemoryProperties2 *memory) {
  radv_memory2(device, memory);
  describe(&memory->memoryProperties);
  for (VkBaseOutStructure *next = memory->pNext; next; next = next->pNext) {
    if (next->sType != VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT) continue;
    ((VkPhysicalDeviceMemoryBudgetPropertiesEXT *)next)->heapBudget[0] = HEAP_BYTES;
  }
}

static void buffer_requirements(VkDevice device, VkBuffer buffer, VkMemoryRequirements *needs) {
  radv_buffer_requirements(device, buffer, needs);
  needs->memoryTypeBits = 3;
}

// The highest value that any submission was to signal: all of them are done at once.
static uint64_t signalled;

static VkResult create_semaphore(VkDevice device, const VkSemaphoreCreateInfo *info,
                                 const VkAllocationCallbacks *allocator, VkSemaphore *semaphore) {
  VkSemaphoreCreateInfo binary = *info;
  binary.pNext = NULL;
  return radv_create_semaphore(device, &binary, allocator, semaphore);
}

static VkResult queue_submit(VkQueue queue, uint32_t count, const VkSubmitInfo *submits, VkFence fence) {
  for (uint32_t i = 0; i < count; i++) {
    for (const VkBaseInStructure *next = submits[i].pNext; next; next = next->pNext) {
      if (next->sType != VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO) continue;
      const VkTimelineSemaphoreSubmitInfo *timeline = (const VkTimelineSemaphoreSubmitInfo *)next;
      for (uint32_t j = 0; j < timeline->signalSemaphoreValueCount; j++) {
        uint64_t value = timeline->pSignalSemaphoreValues[j];
        if (value > signalled) signalled = value;
      }
    }
  }
  return VK_SUCCESS;
}

static VkResult semaphore_value(VkDevice device, VkSemaphore semaphore, uint64_t *value) {
  *value = signalled;
  return VK_SUCCESS;
}

// The loader asks of a handle only that it begin with this number.
static VkResult allocate_commands(VkDevice device, const VkCommandBufferAllocateInfo *info,
                                  VkCommandBuffer *commands) {
  for (uint32_t i = 0; i < info->commandBufferCount; i++) {
    uint64_t *handle = calloc(8, sizeof *handle);
    if (!handle) return VK_ERROR_OUT_OF_HOST_MEMORY;
    *handle = 0x01CDC0DE;
    commands[i] = (VkCommandBuffer)handle;
  }
  return VK_SUCCESS;
}

static uint64_t nothing(void) { return VK_SUCCESS; }

// Neither recorded nor waited for.
static int ignored(const char *name) {
  static const char *const names[] = {
      "vkBeginCommandBuffer", "vkEndCommandBuffer",   "vkResetCommandBuffer",
      "vkFreeCommandBuffers", "vkResetCommandPool",   "vkQueueWaitIdle",
      "vkDeviceWaitIdle",     "vkWaitForFences",      "vkFlushMappedMemoryRanges",
      "vkWaitSemaphores",     "vkWaitSemaphoresKHR",  "vkInvalidateMappedMemoryRanges",
  };
  if (strncmp(name, "vkCmd", 5) == 0) return 1;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(name, names[i]) == 0) return 1;
  }
  return 0;
}

static PFN_vkVoidFunction device_proc(VkDevice device, const char *name);

#define INSTEAD(vulkan, ours) \
  if (strcmp(name, vulkan) == 0) return (PFN_vkVoidFunction)ours;

#define AROUND(vulkan, original, ours)   \
  if (strcmp(name, vulkan) == 0) {       \
    original = (void *)found;            \
    return (PFN_vkVoidFunction)ours;     \
  }

static PFN_vkVoidFunction replaced(const char *name, PFN_vkVoidFunction found) {
  if (!found) return NULL;
  if (ignored(name)) return (PFN_vkVoidFunction)nothing;
  AROUND("vkGetDeviceProcAddr", radv_device_proc, device_proc)
  AROUND("vkGetPhysicalDeviceMemoryProperties", radv_memory, memory_properties)
  AROUND("vkGetPhysicalDeviceMemoryProperties2", radv_memory2, memory_properties2)
  AROUND("vkGetPhysicalDeviceMemoryProperties2KHR", radv_memory2, memory_properties2)
  AROUND("vkGetBufferMemoryRequirements", radv_buffer_requirements, buffer_requirements)
  AROUND("vkCreateSemaphore", radv_create_semaphore, create_semaphore)
  INSTEAD("vkQueueSubmit", queue_submit)
  INSTEAD("vkGetSemaphoreCounterValue", semaphore_value)
  INSTEAD("vkGetSemaphoreCounterValueKHR", semaphore_value)
  INSTEAD("vkAllocateCommandBuffers", allocate_commands)
  return found;
}

static PFN_vkVoidFunction device_proc(VkDevice device, const char *name) {
  return replaced(name, radv_device_proc(device, name));
}

EXPORT PFN_vkVoidFunction vk_icdGetInstanceProcAddr(VkInstance instance, const char *name) {
  load();
  return replaced(name, radv_instance_proc(instance, name));
}

EXPORT PFN_vkVoidFunction vk_icdGetPhysicalDeviceProcAddr(VkInstance instance, const char *name) {
  load();
  PFN_vkGetInstanceProcAddr ask =
      (PFN_vkGetInstanceProcAddr)dlsym(radv, "vk_icdGetPhysicalDeviceProcAddr");
  return ask ? replaced(name, ask(instance, name)) : NULL;
}

EXPORT VkResult vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version) {
  load();
  VkResult (*negotiate)(uint32_t *) = dlsym(radv, "vk_icdNegotiateLoaderICDInterfaceVersion");
  return negotiate(version);
}
