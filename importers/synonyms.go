package importers

import "hazgrid/safety"

// headers are the words of a header that mean a field, separated by spaces.
type headers struct{ strong, weak string }

// synonyms returns the headers under which ledgers and city systems give a field of k, besides its canonical name.
// The weak ones are taken where no column has a better name.
func synonyms(k safety.Kind, target string) headers {
	if w, ok := placeWords(target); ok {
		return w
	}
	if w, ok := referenceWords(k, target); ok {
		return w
	}
	switch k {
	case safety.Grids:
		return gridWords(target)
	case safety.Enterprises:
		return enterpriseWords(target)
	case safety.Hazards:
		return hazardWords(target)
	case safety.Inspections:
		return inspectionWords(target)
	case safety.Lines:
		return lineWords(target)
	}
	return headers{}
}

// Words for the declared grid of a record, and for the enterprise it belongs to.
const (
	gridCode     = "网格编号 网格编码 网格代码 网格code wgbh grid_code bgid"
	gridName     = "所属网格 所在网格 责任网格 基础网格 全科网格 网格名称 网格 dywg"
	enterpriseID = "企业编号 企业编码 企业代码 企业id 单位编号 单位编码 单位id 场所编号 enterprise_id ent_id"
)

// placeWords are for what makes a geometry, the same in every kind.
func placeWords(target string) (headers, bool) {
	switch target {
	case lonTarget:
		return headers{"经度 经度坐标 地图经度 东经 lng longitude jd", "x x坐标 坐标x gisx point_x"}, true
	case latTarget:
		return headers{"纬度 纬度坐标 地图纬度 北纬 latitude wd", "y y坐标 坐标y gisy point_y"}, true
	case lonLatTarget:
		return headers{"坐标 经纬度 位置坐标 地理坐标 经纬度坐标", "center 定位坐标"}, true
	case geometryTarget:
		return headers{"wkt geom the_geom 几何", ""}, true
	case "synthetic":
		return headers{"虚构 模拟数据", ""}, true
	}
	return headers{}, false
}

// referenceWords are for what a record says of its enterprise, and for the status of a hazard.
func referenceWords(k safety.Kind, target string) (headers, bool) {
	switch {
	case target == statusTarget:
		return headers{"整改状态 隐患状态 整改情况 事件状态 是否整改 处理状态 办理状态 整改结果 销号情况", "状态"}, true
	case target == firmTarget:
		return headers{firmNames, ""}, true
	case target == firmCodeTarget && k != safety.Enterprises:
		return headers{creditCodes, ""}, true
	}
	return headers{}, false
}

// Words for the name and the code of an enterprise.
const (
	firmNames = "企业名称 单位名称 公司名称 企业名 经营者注册名称 门店名称 归属公司名称 生产经营单位 生产经营单位名称 户名 字号名称 商户名称 场所名称 被检查单位 " +
		"qymc dwmc ent_name"
	creditCodes = "统一社会信用代码 社会信用代码 信用代码 统一信用代码 统一社会信 tyshxydm uscc"
)

func gridWords(target string) headers {
	switch target {
	case "code":
		return headers{gridCode + " grid_id gridcode", "编码 编号 代码 社区编码 街道编码"}
	case "name":
		return headers{"网格名称 网格名 grid_name", "名称 网格 所属网格 所属组织 mc"}
	case "level":
		return headers{"网格级别 网格层级 级别 层级 grid_level", "等级"}
	case "parent":
		return headers{"上级网格 上级网格编码 上级网格编号 上级编码 上级编号 父级编码 父网格 parent_code", ""}
	case "kind":
		return headers{"网格类型 网格类别 grid_kind grid_type", "类型 类别"}
	case "leader":
		return headers{"网格长 网格责任人 网格负责人", "责任人 负责人"}
	case "inspectors":
		return headers{"网格员 专职网格员", "兼职网格员"}
	case "scheme":
		return headers{"网格体系 网格方案", ""}
	case "valid_from":
		return headers{"启用日期 启用时间 生效日期 生效时间", ""}
	case "valid_to":
		return headers{"停用日期 停用时间 失效日期 失效时间", ""}
	}
	return headers{}
}

func enterpriseWords(target string) headers {
	switch target {
	case "id":
		return headers{enterpriseID, "编号 编码"}
	case "name":
		return headers{firmNames, "名称 mc"}
	case "credit_code":
		return headers{creditCodes, "组织机构代码 营业执照号码 工商注册号 注册号 执照号"}
	case "grid":
		return headers{gridCode, gridName + " 所属组织"}
	case "kind":
		return headers{"企业类型 单位类型 场所类型", "类型"}
	case "parent":
		return headers{"所属楼宇 所属市场 楼宇编号 市场编号", ""}
	case "industry":
		return headers{"行业类别 行业大类名称 所属行业 国民经济行业 监管行业 行业领域", "行业 行业代码"}
	case "size":
		return headers{"企业规模 规模 规上规下", "是否规上企业 员工人数 从业人数"}
	case "risk":
		return headers{"风险等级 风险级别 风险颜色 安全风险等级 工业企业风险定级 危化品风险评级", "评定等级"}
	case "address":
		return headers{"详细地址 实际经营地址 生产经营场所地址 经营地址 公司地址 经营场所-详细地址 企业地址 场所地址 单位地址 地址", "注册地址 住所"}
	case "floor_area_m2":
		return headers{"建筑面积 经营面积 floor_area", "面积"}
	case "opened_at":
		return headers{"成立日期 成立时间 开业日期 开业时间", ""}
	case "ended_at":
		return headers{"注销日期 注销时间 关停日期 关停时间 停业日期", ""}
	}
	return headers{}
}

func hazardWords(target string) headers {
	switch target {
	case "id":
		return headers{"隐患编号 隐患编码 隐患id hazard_id", "编号 编码"}
	case "enterprise":
		return headers{enterpriseID, ""}
	case "grid":
		return headers{gridCode, gridName}
	case "aspect":
		return headers{"隐患类别 隐患类型 隐患分类 隐患类型分类 隐患种类 问题分类 事件类型", "类别"}
	case "item":
		return headers{"检查项目 检查项", ""}
	case "responsible":
		return headers{"责任主体 责任主体类型", ""}
	case "severity":
		return headers{"隐患等级 隐患级别 隐患分级 事件等级 严重程度 一般/重大", "等级"}
	case "source":
		return headers{"隐患来源 上报来源 检查类型", "来源 来源平台"}
	case "found_at":
		return headers{"发现时间 发现日期 排查时间 排查日期 检查时间 检查日期", "登记时间 填报日期 上报时间 上报日期 检测起止日期"}
	case "reported_at":
		return headers{"上报时间 上报日期", "登记时间 填报日期"}
	case "ordered_at":
		return headers{"责令整改时间 责令整改日期 下达时间 下达日期", ""}
	case "due_at":
		return headers{"整改期限 整改截止时间 要求整改完成日期 隐患治理期限 完成时限 整改时限 限改日期 应整改日期 整改到期日", "限期"}
	case "rectified_at":
		return headers{"整改完成日期 整改完成时间 实际整改日期", "完成日期"}
	case "reviewed_at":
		return headers{"复核时间 复核日期 复查时间 复查日期 验收时间 验收日期", ""}
	case "closed_at":
		return headers{"销号日期 销号时间 结案时间 结案日期 办结时间 办结日期 闭环时间", ""}
	case "round":
		return headers{"整改轮次 轮次", ""}
	case "previous":
		return headers{"上次隐患编号 原隐患编号", ""}
	case "description":
		return headers{"隐患描述 存在隐患内容 隐患内容 存在问题 问题隐患 主要隐患 检查发现问题 问题描述 事件内容", "隐患名称 隐患标题 隐患位置"}
	}
	return headers{}
}

func inspectionWords(target string) headers {
	switch target {
	case "id":
		return headers{"检查编号 巡查编号 检查id inspection_id", "编号 编码"}
	case "enterprise":
		return headers{enterpriseID, ""}
	case "kind":
		return headers{"检查类型 检查方式 检查来源", "类型"}
	case "at":
		return headers{"检查时间 检查日期 巡查时间 巡查日期", "时间 日期"}
	case "inspector":
		return headers{"检查人 检查人员 执法人员 巡查人 网格员", "发现人 填报人 上报部门"}
	case "officers":
		return headers{"人次 检查人次 出动人次 检查人数", ""}
	case "result":
		return headers{"检查结果 检查情况 检查结论", "结果"}
	case "order":
		return headers{"处理措施 处置措施 责令措施", ""}
	}
	return headers{}
}

func lineWords(target string) headers {
	switch target {
	case "id":
		return headers{"管线编号 管线编码 管线id 管段编号 line_id", "编号 编码"}
	case "kind":
		return headers{"管线类型 管线类别 线路类型", "类型 类别"}
	case "name":
		return headers{"管线名称 道路名称 河流名称", "名称 mc"}
	case "operator":
		return headers{"权属单位 运营单位 管理单位", ""}
	case "protection_m":
		return headers{"保护范围 保护距离", ""}
	}
	return headers{}
}

// localGrade are the words for a grade of severity that the law does not have.
const localGrade = "较大 较大隐患 较大事故隐患"

// traps are headers that mean one thing in one system and another in the next; they are used only
// when the user says so.
func traps(k safety.Kind) map[string]string {
	if k != safety.Hazards {
		return nil
	}
	const done = "it is the date of rectification in some systems and the deadline in others; say --map rectified_at=… or --map due_at=…"
	return map[string]string{"整改时间": done, "整改日期": done}
}

// valueWords returns, for the fields whose values are words of the contract, what else stands for
// each of them: a value, a colon, its words. Words that mean two things (grades by number or letter) are left out.
func valueWords(k safety.Kind, field string) []string {
	patrols := []string{"patrol:巡查 网格巡查 日常巡查", "self:自查 企业自查 自查自报 自查自纠", "joint:联合执法 联合检查", "campaign:专项 专项检查 专项行动 专项整治"}
	switch {
	case field == "severity":
		// 较大 is a grade of some cities between the two that the law has: not major, so general, with a warning.
		return []string{"general:一般 一般隐患 一般事故隐患 " + localGrade, "major:重大 重大隐患 重大事故隐患"}
	case field == "source", k == safety.Inspections && field == "kind":
		return patrols
	case field == "risk":
		return []string{"red:红 红色 重大风险", "orange:橙 橙色 较大风险", "yellow:黄 黄色 一般风险", "blue:蓝 蓝色 低风险"}
	case field == "responsible":
		return []string{"authority:政府 政府管理单位", "owner:产权单位", "manager:物业单位", "tenant:承租单位"}
	case field == "outcome":
		return []string{"void:作废", "transferred:移送 移交"}
	case field == "order":
		return []string{"none:无", "rectify:责令整改 限期整改 责令限期整改", "suspend:停产停业 责令停产停业 停业整顿 暂时停止施工 停止施工"}
	case k == safety.Grids && field == "kind":
		return []string{"base:基础网格", "dedicated:专属网格", "micro:微网格"}
	case k == safety.Enterprises && field == "kind":
		return []string{"combined_use:合用场所", "construction:建筑工地 在建工地"}
	}
	return nil
}
