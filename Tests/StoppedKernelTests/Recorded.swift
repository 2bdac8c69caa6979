// SPDX-License-Identifier: GPL-2.0-or-later

import ELFCore
import StoppedKernel

/// VMCOREINFO as running kernels gave it, without what concerns their logs and symbol tables.
extension VMCoreInfo {
    /// Debian 12's own kernel, with 5-level paging.
    static let recordedBy61 = """
        OSRELEASE=6.1.0-56-cloud-amd64
        BUILD-ID=3b43fad5034874490492495d552c0af6a5fab235
        PAGESIZE=4096
        SYMBOL(init_uts_ns)=ffffffffb8df9b60
        OFFSET(uts_namespace.name)=0
        SYMBOL(node_online_map)=ffffffffb8e3b480
        SYMBOL(swapper_pg_dir)=ffffffffb8c10000
        SYMBOL(_stext)=ffffffffb7200000
        SYMBOL(mem_section)=ff198f041f7dc000
        LENGTH(mem_section)=131072
        SIZE(mem_section)=16
        OFFSET(mem_section.section_mem_map)=0
        NUMBER(SECTION_SIZE_BITS)=27
        NUMBER(MAX_PHYSMEM_BITS)=52
        SIZE(page)=64
        SIZE(pglist_data)=174208
        SIZE(zone)=1536
        SIZE(free_area)=88
        SIZE(list_head)=16
        SIZE(nodemask_t)=128
        OFFSET(page.flags)=0
        OFFSET(page._refcount)=52
        OFFSET(page.mapping)=24
        OFFSET(page.lru)=8
        OFFSET(page._mapcount)=48
        OFFSET(page.private)=40
        OFFSET(page.compound_dtor)=16
        OFFSET(page.compound_order)=17
        OFFSET(page.compound_head)=8
        OFFSET(pglist_data.node_zones)=0
        OFFSET(pglist_data.nr_zones)=171552
        OFFSET(pglist_data.node_start_pfn)=171560
        OFFSET(pglist_data.node_spanned_pages)=171576
        OFFSET(pglist_data.node_id)=171584
        OFFSET(zone.free_area)=256
        OFFSET(zone.vm_stat)=1344
        OFFSET(zone.spanned_pages)=144
        OFFSET(free_area.free_list)=0
        OFFSET(list_head.next)=0
        OFFSET(list_head.prev)=8
        LENGTH(zone.free_area)=11
        LENGTH(free_area.free_list)=5
        NUMBER(NR_FREE_PAGES)=0
        NUMBER(PG_lru)=4
        NUMBER(PG_private)=13
        NUMBER(PG_swapcache)=10
        NUMBER(PG_swapbacked)=19
        NUMBER(PG_slab)=9
        NUMBER(PG_head_mask)=65536
        NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129
        NUMBER(HUGETLB_PAGE_DTOR)=2
        NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257
        NUMBER(phys_base)=-536870912
        SYMBOL(init_top_pgt)=ffffffffb8c10000
        NUMBER(pgtable_l5_enabled)=1
        SYMBOL(node_data)=ffffffffb8e368e0
        LENGTH(node_data)=1024
        KERNELOFFSET=36200000
        NUMBER(KERNEL_IMAGE_SIZE)=1073741824
        NUMBER(sme_mask)=0

        """

    /// With 4-level paging.
    static let recordedBy612 = """
        OSRELEASE=6.12.117-kresume
        BUILD-ID=e8cd503e02e2dbc26f460447c6c30758a3d7eb15
        PAGESIZE=4096
        SYMBOL(init_uts_ns)=ffffffff982cbd80
        OFFSET(uts_namespace.name)=0
        SYMBOL(node_online_map)=ffffffff982cff48
        SYMBOL(swapper_pg_dir)=ffffffff98216000
        SYMBOL(_stext)=ffffffff97800000
        NUMBER(VMALLOC_START)=0xffff94a140000000
        SYMBOL(vmemmap)=ffffc02900000000
        SYMBOL(mem_section)=ffff897a5f8ff900
        LENGTH(mem_section)=2048
        SIZE(mem_section)=16
        OFFSET(mem_section.section_mem_map)=0
        NUMBER(SECTION_SIZE_BITS)=27
        NUMBER(MAX_PHYSMEM_BITS)=46
        SIZE(page)=64
        SIZE(pglist_data)=14080
        SIZE(zone)=1216
        SIZE(free_area)=72
        SIZE(list_head)=16
        SIZE(nodemask_t)=8
        OFFSET(page.flags)=0
        OFFSET(page._refcount)=52
        OFFSET(page.mapping)=24
        OFFSET(page.lru)=8
        OFFSET(page._mapcount)=48
        OFFSET(page.private)=40
        OFFSET(page.compound_head)=8
        OFFSET(pglist_data.node_zones)=0
        OFFSET(pglist_data.nr_zones)=13088
        OFFSET(pglist_data.node_start_pfn)=13096
        OFFSET(pglist_data.node_spanned_pages)=13112
        OFFSET(pglist_data.node_id)=13120
        OFFSET(zone.free_area)=192
        OFFSET(zone.vm_stat)=1088
        OFFSET(zone.spanned_pages)=152
        OFFSET(free_area.free_list)=0
        OFFSET(list_head.next)=0
        OFFSET(list_head.prev)=8
        LENGTH(zone.free_area)=11
        LENGTH(free_area.free_list)=4
        NUMBER(NR_FREE_PAGES)=0
        NUMBER(PG_lru)=5
        NUMBER(PG_private)=14
        NUMBER(PG_swapcache)=10
        NUMBER(PG_swapbacked)=17
        NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376
        NUMBER(PG_head_mask)=64
        NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456
        NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592
        NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240
        NUMBER(phys_base)=-148897792
        SYMBOL(init_top_pgt)=ffffffff98216000
        NUMBER(pgtable_l5_enabled)=0
        SYMBOL(node_data)=ffffffff98640100
        LENGTH(node_data)=64
        KERNELOFFSET=16800000
        NUMBER(KERNEL_IMAGE_SIZE)=1073741824
        NUMBER(sme_mask)=0

        """
}
